"""`event-fetch` of ten events over TCP, 64 connections, beside others that answer the same bytes.

Usage: fetch.py VESTIBULE BARE_HYPER NODE_MODULES [PAIRS [SECONDS]]

Bare hyper reads the same request and writes the same ten events; nginx, WireMock and Mockoon return them as they
are. wrk, on one thread, asks each in turn."""

import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from common import Server, compare, control, device, free_port, nginx, spread, tell_machine, wrk

PATH = "/api/v3.x/event"
DIGEST = "9990BC737DD5B17E7A5F01B48B2C08AE"

# Below it the run is void: something held the device's peer up.
BARE_BY_NGINX_LEAST = 0.45


def call(url, service, request, token=None):
    headers = {"Content-Type": "application/json", **({"Token": token} if token else {})}
    body = json.dumps(request).encode()
    asked = urllib.request.Request(f"{url}/api/v3.x/{service}", body, headers)
    return urllib.request.urlopen(asked).read().decode()


def bare_hyper(program):
    server = Server([program], stdout=subprocess.PIPE, text=True)
    return server, json.loads(server.process.stdout.readline())["url"]


def wiremock_command(modules, directory, answer, port):
    root = pathlib.Path(directory, "wiremock", "mappings")
    root.mkdir(parents=True)
    headers = {"Content-Type": "application/json"}
    response = {"status": 200, "body": answer, "headers": headers}
    mapping = {"request": {"method": "POST", "urlPath": PATH}, "response": response}
    (root / "fetch.json").write_text(json.dumps(mapping))
    jar = next(pathlib.Path(modules, "wiremock", "build").glob("*.jar"))
    command = ["java", "-jar", str(jar), "--port", str(port), "--bind-address", "127.0.0.1"]
    return [*command, "--no-request-journal", "--disable-banner", "--root-dir", str(root.parent)]


def mockoon_command(modules, directory, answer, port):
    headers = [{"key": "Content-Type", "value": "application/json"}]
    response = {"uuid": "r", "body": answer, "statusCode": 200, "headers": headers, "default": True}
    response |= {"bodyType": "INLINE", "disableTemplating": True, "rules": [], "latency": 0}
    route = {"uuid": "e", "type": "http", "method": "post", "endpoint": PATH.strip("/")}
    environment = {"uuid": "d", "name": "peer", "port": port, "hostname": "127.0.0.1", "latency": 0}
    environment |= {"lastMigration": 33, "routes": [route | {"responses": [response]}]}
    file = pathlib.Path(directory, "mockoon.json")
    file.write_text(json.dumps(environment))
    command = [str(pathlib.Path(modules, ".bin", "mockoon-cli")), "start", "-d", str(file), "-r", "-X"]
    return [*command, "-p", str(port), "--disable-admin-api", "--max-transaction-logs", "1"]


def stub(command_of, modules, directory, answer):
    port = free_port()
    server = Server(command_of(modules, directory, answer, port))
    server.await_port(port)
    return server, f"http://127.0.0.1:{port}"


def main(vestibule, bare, modules, pairs=7, seconds=3):
    pairs = int(pairs)
    request = {"action": "event-fetch", "header": {"reqid": "1"}, "body": {"seqnum": 25000, "limit": 10}}
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {}

        def begin(name, server, url):
            stack.enter_context(server)
            urls[name] = url

        server, ready = device(vestibule, "--seed", "7")
        begin("vestibule", server, ready["url"])
        # Nothing but faces, of which bare hyper has ten.
        control(ready, "POST", "/events", {"event": "face", "count": 50000})
        login = {"action": "auth-login", "body": {"user": "admin", "passwd": DIGEST}}
        token = json.loads(call(ready["url"], "auth", login))["body"]["token"]
        answer = call(ready["url"], "event", request, token)
        assert len(json.loads(answer)["body"]["events"]) == 10, answer
        begin("bare hyper", *bare_hyper(bare))
        begin("nginx", *nginx(directory, answer))
        begin("WireMock", *stub(wiremock_command, modules, directory, answer))
        begin("Mockoon", *stub(mockoon_command, modules, directory, answer))
        asked = {"BODY": json.dumps(request), "TOKEN": token}
        rates = {name: [] for name in urls}
        for turn in range(pairs + 1):
            for name, url in urls.items():
                rate = wrk(url + PATH, "fetch.lua", 64, seconds, **asked)[0]
                # The first turn warms the virtual machines up.
                if turn > 0:
                    rates[name].append(rate)
    tell_machine(pairs, f"{seconds} s each, answers of {len(answer)} bytes")
    for name, seen in rates.items():
        print(f"{name:44}{spread(seen, '{:.0f}')} a second")
    by = lambda name: [ours / theirs for ours, theirs in zip(rates["vestibule"], rates[name])]
    compare("beside bare hyper (0.9 is aimed at)", by("bare hyper"), 0.85)
    compare("beside nginx", by("nginx"), 0.5)
    compare("beside WireMock", by("WireMock"), 5)
    compare("beside Mockoon", by("Mockoon"), 25)
    bare_by_nginx = [ours / theirs for ours, theirs in zip(rates["bare hyper"], rates["nginx"])]
    if statistics.median(bare_by_nginx) < BARE_BY_NGINX_LEAST:
        print(f"void beside nginx: bare hyper itself reached {spread(bare_by_nginx)} of it")


if __name__ == "__main__":
    main(*sys.argv[1:])
