"""proxy-mirror: another server gets a copy, and nobody waits for it."""

from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo, closed_port
from tests.waiting import eventually


def test_a_copy_goes_there_with_headers_and_body(
    plane: Plane, others: list[tuple[Echo, int]]
) -> None:
    (other, port), _ = others
    plane.plugin(
        "proxy-mirror",
        {"host": f"http://127.0.0.1:{port}"},
        **{"proxy-rewrite": {"uri": "/rewritten"}},
    )

    answer = plane.send("POST", "/a?b=1", content="text", headers={"X-One": "1"})

    assert answer.json()["target"] == "/rewritten?b=1"
    eventually(lambda: other.seen, "the copy came")
    (copy,) = other.seen
    # As it came: the path is rewritten after.
    assert (copy["method"], copy["target"]) == ("POST", "/a?b=1")
    assert (copy["body"], copy["headers"]["x-one"]) == ("text", "1")
    assert copy["headers"]["host"] == answer.json()["headers"]["host"]


def test_the_path_may_be_another(plane: Plane, others: list[tuple[Echo, int]]) -> None:
    (other, port), _ = others
    conf = {"host": f"http://127.0.0.1:{port}", "path": "/copies"}
    plane.plugin("proxy-mirror", conf)
    plane.get("/a?b=1")
    plane.plugin("proxy-mirror", conf | {"path_concat_mode": "prefix"})
    plane.get("/a?b=1")

    eventually(lambda: len(other.seen) == 2, "both copies came")
    targets = {one["target"] for one in other.seen}
    assert targets == {"/copies?b=1", "/copies/a?b=1"}


def test_a_mirror_that_does_not_answer_hinders_nobody(
    plane: Plane, others: list[tuple[Echo, int]]
) -> None:
    (other, port), _ = others
    other.released.clear()
    for url in (f"http://127.0.0.1:{port}", f"http://127.0.0.1:{closed_port()}"):
        plane.plugin("proxy-mirror", {"host": url})
        assert plane.get().status_code == 200
    eventually(lambda: other.seen, "the copy came")
    other.released.set()


def test_a_sample_is_a_part(plane: Plane, others: list[tuple[Echo, int]]) -> None:
    (other, port), _ = others
    conf = {"host": f"http://127.0.0.1:{port}", "sample_ratio": 0.5}
    plane.plugin("proxy-mirror", conf)
    for _ in range(60):
        plane.get()
    eventually(lambda: other.seen, "some copies came")
    assert len(other.seen) < 60
