"""icechunk, "Quickstart": a repository, a commit, another one, and the first read again."""

import icechunk

import zarr

repo = icechunk.Repository.create(icechunk.in_memory_storage())
session = repo.writable_session("main")
group = zarr.group(session.store)
array = group.create("my_array", shape=10, dtype="int32", chunks=(5,))
array[:] = 1
first = session.commit("first commit")

session = repo.writable_session("main")
array = zarr.open_array(session.store, path="my_array")
array[:5] = 2
second = session.commit("overwrite some values")

now = zarr.open_array(repo.readonly_session("main").store, path="my_array", mode="r")
assert now[:].tolist() == [2] * 5 + [1] * 5
before = zarr.open_array(repo.readonly_session(snapshot_id=first).store, path="my_array", mode="r")
assert before[:].tolist() == [1] * 10
assert [entry.message for entry in repo.ancestry(branch="main")][:2] == ["overwrite some values", "first commit"]
