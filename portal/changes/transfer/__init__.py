"""What a gateway holds, as a file; and a file, as a change of what a gateway holds."""
