"""Floods a platform of another language, whole and by shards, and compares both sides' accounts.

Usage: accounts.py VESTIBULE"""

import json
import pathlib
import subprocess
import sys
import tempfile

from reference import Platform

FLOODS = [
    ["--rate", "600", "--events", "900", "--devices", "60"],
    ["--api", "v3", "--rate", "600", "--events", "900", "--devices", "60", "--shape", "rush"],
    ["--shape", "storm", "--events", "1500", "--devices", "200"],
    ["--api", "v3", "--max", "--events", "1500", "--devices", "16"],
]


def flood(vestibule, platform, args):
    command = [vestibule, "flood", "--to", platform.url, "--report", "json", *args]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {ended.returncode}")
    return json.loads(ended.stdout)


def compare(what, report, platform):
    told = (report["sent"], report["acknowledged"], report["failed"], report["in_flight"])
    seen = (platform.received, len(platform.records), 0, 0)
    if told != seen or platform.wrong:
        sys.exit(f"{what}: the flood says {told}, the platform {seen}, {platform.wrong[:3]}")
    print(f"{what}: {told[1]} records on both sides, {report['rate']:.0f} a second")


def whole(vestibule, args):
    platform = Platform()
    compare(" ".join(args), flood(vestibule, platform, args), platform)
    return platform.records


def by_shards(vestibule, args, of):
    platform = Platform()
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for index in range(of):
            report = flood(vestibule, platform, [*args, "--shard", f"{index}/{of}"])
            files.append(pathlib.Path(directory, f"{index}.json"))
            files[-1].write_text(json.dumps(report))
        merge = [vestibule, "report", "merge", *map(str, files)]
        merged = json.loads(subprocess.run(merge, stdout=subprocess.PIPE, check=True).stdout)
    compare(f"{of} shards", merged, platform)
    return platform.records


def main():
    [vestibule] = sys.argv[1:]
    for args in FLOODS:
        whole(vestibule, args)
    seeded = [*FLOODS[0], "--seed", "7"]
    if whole(vestibule, seeded) != by_shards(vestibule, seeded, 3):
        sys.exit("the shards of a flood are not the flood")


main()
