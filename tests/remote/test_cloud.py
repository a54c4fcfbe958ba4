"""The tests' own cloud does what object stores do, and what goes wrong with them is what was ordered."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from tests.servers.clouds import BUCKET, KINDS, obstore_over


@pytest.fixture(params=KINDS)
def there(request, cloud):
    return obstore_over(cloud, request.param, retry_config={"max_retries": 0})


def condition(meta):
    return {name: meta[name] for name in ("e_tag", "version") if meta[name]}


class TestObjects:
    def test_they_are_kept_with_what_is_told_of_them(self, there):
        obstore.put(there, "a/b", b"0123456789", attributes={"colour": "red"})
        found = obstore.get(there, "a/b")
        assert (bytes(found.bytes()), found.attributes["colour"]) == (b"0123456789", "red")
        assert obstore.head(there, "a/b")["size"] == 10
        with pytest.raises(FileNotFoundError):
            obstore.get(there, "a")
        obstore.put(there, "ü/😀 +%#", b"x")
        assert bytes(obstore.get(there, "ü/😀 +%#").bytes()) == b"x"

    def test_parts(self, there):
        obstore.put(there, "a", b"0123456789")

        def part(wanted):
            return bytes(obstore.get(there, "a", options={"range": wanted}).bytes())

        assert (part((2, 4)), part((8, 99)), part({"offset": 7})) == (b"23", b"89", b"789")
        with pytest.raises(BaseError, match="416"):
            part((10, 12))

    def test_conditions_are_kept(self, there):
        obstore.put(there, "a", b"old", mode="create")
        with pytest.raises(AlreadyExistsError):
            obstore.put(there, "a", b"new", mode="create")
        old = obstore.head(there, "a")
        obstore.put(there, "a", b"new", mode=condition(old))
        with pytest.raises(PreconditionError):
            obstore.put(there, "a", b"newer", mode=condition(old))
        with pytest.raises(PreconditionError):
            obstore.get(there, "a", options={"if_match": old["e_tag"]})
        assert bytes(obstore.get(there, "a").bytes()) == b"new"

    def test_large_ones_come_in_parts(self, there):
        content = bytes(range(256)) * 4096 * 13
        obstore.put(there, "large", content, chunk_size=5 * 2**20)
        assert bytes(obstore.get(there, "large").bytes()) == content

    def test_listings_have_pages_and_directories(self, there):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: obstore.put(there, f"d{i % 3}/{i:04}", b"x"), range(2300)))
        assert sum(map(len, obstore.list(there))) == 2300
        assert [meta["path"] for page in obstore.list(there, "d1", offset="d1/2290") for meta in page] == [
            *("d1/2293", "d1/2296", "d1/2299"),
        ]
        assert obstore.list_with_delimiter(there)["common_prefixes"] == ["d0", "d1", "d2"]
        obstore.delete(there, [f"d{i % 3}/{i:04}" for i in range(2300)])
        assert sum(map(len, obstore.list(there))) == 0

    def test_of_sixteen_that_create_one_wins(self, there):
        def create(number):
            try:
                obstore.put(there, "a", b"%d" % number, mode="create")
            except AlreadyExistsError:
                return None
            return number

        with ThreadPoolExecutor(16) as pool:
            for _ in range(5):
                (won,) = [number for number in pool.map(create, range(16)) if number is not None]
                assert bytes(obstore.get(there, "a").bytes()) == b"%d" % won
                obstore.delete(there, "a")


class TestOrders:
    @pytest.fixture
    def s3(self, cloud):
        there = obstore_over(cloud, retry_config={"max_retries": 0})
        obstore.put(there, "a", b"0123456789")
        cloud.forget_requests()
        return there

    @pytest.mark.parametrize(
        ("how", "is_done", "words"),
        [
            ("refuse", False, "429"),
            ("late", True, "429"),
            ("drop", False, "error sending request"),
            ("lose", True, "error sending request"),
        ],
    )
    def test_changes(self, cloud, s3, how, is_done, words):
        cloud.fail(how, status=429, times=1)
        with pytest.raises(BaseError, match=words):
            obstore.put(s3, "a", b"new")
        assert (bytes(obstore.get(s3, "a").bytes()) == b"new") == is_done
        assert cloud.n_faults == 1

    @pytest.mark.parametrize("how", ["cut", "short", "shifted", "whole"])
    def test_answers(self, cloud, how):
        connection = http.client.HTTPConnection("127.0.0.1", cloud.port)
        connection.request("PUT", f"/{BUCKET}/a", b"0123456789")
        connection.getresponse().read()
        cloud.fail(how, times=1)
        connection.request("GET", f"/{BUCKET}/a", headers={"range": "bytes=2-5"})
        answer = connection.getresponse()
        told = (answer.status, answer.headers["content-range"], answer.headers["content-length"])
        if how == "cut":
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
            assert told == (206, "bytes 2-5/10", "4")
        else:
            expected = {
                "short": (b"23", (206, "bytes 2-5/10", "2")),
                "shifted": (b"3456", (206, "bytes 3-6/10", "4")),
                "whole": (b"0123456789", (200, None, "10")),
            }
            assert (answer.read(), told) == expected[how]
        connection.close()

    def test_by_chance_and_by_name(self, cloud, s3):
        cloud.fail("refuse", rate=0.5, methods=["GET"], within="/a", seed=1)
        outcomes = []
        for _ in range(100):
            try:
                obstore.get(s3, "a")
            except BaseError:
                outcomes.append(False)
            else:
                outcomes.append(True)
        assert 30 < sum(outcomes) < 70
        obstore.put(s3, "a", b"x")
        assert all(request["fault"] in ("", "refuse") for request in cloud.requests)
        assert cloud.n_faults == 100 - sum(outcomes)

    def test_requests_are_told_of(self, cloud, s3):
        obstore.get(s3, "a", options={"range": (2, 4), "if_match": "*"})
        (request,) = cloud.requests
        assert request == {
            "method": "GET",
            "path": f"/{BUCKET}/root/a",
            "query": {},
            "range": "bytes=2-3",
            "if-match": "*",
            "status": 206,
            "sent": 2,
            "fault": "",
        }
        with ThreadPoolExecutor(8) as pool:
            cloud.gather(8)
            list(pool.map(lambda _: obstore.head(s3, "a"), range(8)))
        assert cloud.peak == 8

    def test_what_it_can_be_like(self, cloud, s3):
        cloud.be("hides-absence", "keeps-from-listing")
        with pytest.raises(BaseError, match="403"):
            obstore.get(s3, "absent")
        with pytest.raises(BaseError, match="403"):
            list(obstore.list(s3))
        cloud.be("refuses-quotes")
        tag = obstore.head(s3, "a")["e_tag"]
        with pytest.raises(PreconditionError):
            obstore.put(s3, "a", b"x", mode={"e_tag": tag})
        obstore.put(s3, "a", b"x", mode={"e_tag": tag.strip('"')})
        cloud.be("ignores-conditions")
        obstore.put(s3, "a", b"x", mode="create")
