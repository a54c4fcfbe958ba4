"""Names are read off the pages by which web servers show directories, and off no others."""

from __future__ import annotations

import pytest

from zarr._store.remote.web_index import names_in

NGINX = """<html>
<head><title>Index of /data/a b/</title></head>
<body>
<h1>Index of /data/a b/</h1><hr><pre><a href="../">../</a>
<a href="c/">c/</a>                                                 28-Nov-2026 10:00                   -
<a href="%2a%20%23.x">* #.x</a>                                              28-Nov-2026 10:00                  12
<a href="a_name_that_is_so_long_that_nginx_shows_only_the_beginning_of_it">a_name_that_is_so_long_that_nginx_shows_only..&gt;</a> 1
<a href="zarr.json">zarr.json</a>                                          28-Nov-2026 10:00                 100
</pre><hr></body>
</html>"""
APACHE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>Index of /data/a b</title></head>
<body><h1>Index of /data/a b</h1>
<table><tr><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
<tr><td><a href="/data/">Parent Directory</a></td></tr>
<tr><td><a href="c/">c/</a></td></tr>
<tr><td><a href="r&amp;d">r&amp;d</a></td></tr>
<tr><td><a href="zarr.json">zarr.json</a></td></tr>
</table><address>Apache/2.4 at <a href="https://httpd.apache.org/">Apache</a></address></body></html>"""
PYTHON = """<!DOCTYPE HTML><html lang="en"><head><meta charset="utf-8">
<title>Directory listing for /data/a b/</title></head>
<body><h1>Directory listing for /data/a b/</h1><hr><ul>
<li><a href=".zgroup">.zgroup</a></li>
<li><a href="c/">c/</a></li>
<li><a href="link">link@</a></li>
<li><a href="zarr.json">zarr.json</a></li>
</ul><hr></body></html>"""
OTHERS = """<title>Index of /data/a b/</title><a href='./c/'>c</a><A HREF=zarr.json>z</A><a href="/data/a%20b/d">d</a>
<a href="http://elsewhere/data/a%20b/e">e</a><a href="http://[no-address/x">x</a><a href="c/deeper">f</a><a href="">here</a><a name="no link">g</a><a href="c/">c</a>"""
JSON = '[{"name":"c", "type":"directory", "mtime":"x"}, {"name":"a%20é", "type":"file", "size":1}]'


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (
            NGINX,
            ["c/", "* #.x", "a_name_that_is_so_long_that_nginx_shows_only_the_beginning_of_it", "zarr.json"],
        ),
        (APACHE, ["c/", "r&d", "zarr.json"]),
        (PYTHON, [".zgroup", "c/", "link", "zarr.json"]),
        (OTHERS, ["c/", "zarr.json", "d"]),
    ],
    ids=["nginx", "apache", "python", "others"],
)
def test_pages(page, names):
    assert names_in(page, "text/html; charset=utf-8", "http://host/data/a%20b/") == names


def test_nginx_in_json():
    assert names_in(JSON, "application/json", "http://host/data/") == ["c/", "a%20é"]
    assert names_in("[]", "application/json", "http://host/data/") == []


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("<html><head><title>Welcome to nginx!</title></head><a href='x'>x</a></html>", "text/html"),
        ("", "text/html"),
        ("", ""),
        ('{"zarr_format": 3}', "application/json"),
        ("[1, 2]", "application/json"),
        ('[{"size": 1}]', "application/json"),
        ("[", "application/json"),
        ("[" * 100_000, "application/json"),
        ("<title " * 100_000, "text/html"),
    ],
)
def test_what_shows_no_directory(page, kind):
    assert names_in(page, kind, "http://host/data/") is None


@pytest.mark.parametrize("part", ["<a ", "<a '", "<a \"'", "<a href=", "<a href ", "<a href=x "])
def test_pages_that_keep_readers_busy(part):
    """Where each link was looked for up to the end of the page, this took minutes."""
    assert names_in("<title>Index of /</title>" + part * 100_000, "text/html", "http://host/data/") in (
        [],
        ["<a"],
        ["x"],
    )
