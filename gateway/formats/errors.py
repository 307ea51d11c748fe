"""What is wrong with a file, and where."""


class FormatError(ValueError):
    """A file cannot be read as it stands; the message says what to mend.

    `line` and `column` count from 1, as editors do; 0 where there is none to name.
    """

    def __init__(self, message: str, *, line: int = 0, column: int = 0) -> None:
        at = f"Line {line}" if line else ""
        if at and column:
            at += f", column {column}"
        super().__init__(f"{at}: {message}" if at else message)
        self.line = line
        self.column = column
