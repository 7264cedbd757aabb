"""Values and keys that the models refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

WHOLE = [
    pytest.param(
        """\
kind: Site
""",
        ['1:1: missing key "apiVersion"', '1:1: missing key "metadata"'],
        id="missing top",
    ),
    pytest.param(
        """\
apiVersion: v1
kind: Sites
metadata: {name: Frankfurt am Main}
""",
        [
            '1:13: expected vddkctl.dev/v1alpha1, got "v1"',
            '2:7: expected Site, got "Sites"; did you mean "Site"?',
            '3:18: expected a name (lower-case letters, digits, - and ., at most 63), got "Frankfurt am Main"',
        ],
        id="site name",
    ),
]

BODIES = [
    pytest.param(
        """\
provider: {}
""",
        ['4:1: unknown key "provider"; did you mean "providers"?'],
        id="unknown top",
    ),
    pytest.param(
        """\
foo: {}
""",
        [
            '4:1: unknown key "foo"; expected apiVersion, kind, metadata, cluster, registries, images, controller, providers, pullSecrets, storageMaps, policy or drift'
        ],
        id="unknown far",
    ),
    pytest.param(
        """\
POLICY: {}
""",
        ['4:1: unknown key "POLICY"; did you mean "policy"?'],
        id="unknown cased",
    ),
    pytest.param(
        """\
pull_secrets: {}
""",
        ['4:1: unknown key "pull_secrets"; did you mean "pullSecrets"?'],
        id="unknown snake",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repositry: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ['7:5: unknown key "repositry" under images.vddk-8; did you mean "repository"?'],
        id="unknown under image",
    ),
    pytest.param(
        """\
cluster: {contxt: x}
""",
        ['4:11: unknown key "contxt" under cluster; did you mean "context"?'],
        id="unknown under list",
    ),
    pytest.param(
        """\
providers: {a: {buffers: {sizeIn64KB: 1, count: 2}}}
""",
        ['4:27: unknown key "sizeIn64KB" under providers.a.buffers; did you mean "sizeIn64K"?'],
        id="unknown under buffers",
    ),
    pytest.param(
        """\
controller: {vddk_image: null}
""",
        ['4:14: unknown key "vddk_image" under controller; did you mean "vddkImage"?'],
        id="python name",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    tag: 8.0.1
""",
        [
            '5:3: missing key "archive" under images.vddk-8',
            '5:3: missing key "repository" under images.vddk-8',
        ],
        id="missing in image",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {sha256: '0000000000000000000000000000000000000000000000000000000000000000'}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ['6:5: missing key "path" under images.vddk-8.archive'],
        id="missing in archive",
    ),
    pytest.param(
        """\
providers: {a: {buffers: {}}}
""",
        [
            '4:17: missing key "count" under providers.a.buffers',
            '4:17: missing key "sizeIn64K" under providers.a.buffers',
        ],
        id="empty buffers",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.10
    base: oci:./base:1
""",
        ["8:10: expected text, got a number 8.10; write it in quotes"],
        id="text wanted, float",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8
    base: oci:./base:1
""",
        ["8:10: expected text, got a number 8; write it in quotes"],
        id="text wanted, int",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: yes}
    repository: oci:./images
    tag: True
    base: oci:./base:1
""",
        ["8:10: expected text, got True; write it in quotes"],
        id="text wanted, bool",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag:
    base: oci:./base:1
""",
        ["8:9: expected a tag (letters, digits, _ . and -, at most 128), got nothing"],
        id="text wanted, nothing",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: [8.0.1]
    base: oci:./base:1
""",
        ["8:10: expected a tag (letters, digits, _ . and -, at most 128), got a list"],
        id="text wanted, list",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: {}
    base: oci:./base:1
""",
        ["8:10: expected a tag (letters, digits, _ . and -, at most 128), got a mapping"],
        id="text wanted, mapping",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: ''}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ["6:21: expected one line of text, got empty text"],
        id="text wanted, empty",
    ),
    pytest.param(
        'images:\n  vddk-8:\n    archive: {path: "a\\nb"}\n    repository: oci:./images\n    tag: 8.0.1\n    base: oci:./base:1\n',
        ['6:21: expected one line of text, got "a\\nb"'],
        id="text with a line break",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: .inf
    base: oci:./base:1
""",
        ["8:10: expected text, got a number .inf; write it in quotes"],
        id="text with an infinite number",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    base: oci:./base:1
""",
        [
            '8:10: expected a tag (letters, digits, _ . and -, at most 128), got "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"'
        ],
        id="text long",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: -a
    base: oci:./base:1
""",
        ['8:10: expected a tag (letters, digits, _ . and -, at most 128), got "-a"'],
        id="bad tag",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz, sha256: 5f0c}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ['6:39: expected 64 hex digits in lower case, got "5f0c"'],
        id="bad sha",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz, sha256: ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        [
            '6:39: expected 64 hex digits in lower case, got "ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB…"'
        ],
        id="sha upper",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz, sha256: 1212121212121212121212121212121212121212121212121212121212121212}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        [
            "6:39: expected text, got a number 121212121212121212121212121212121212121212121212121212121212; write it in quotes"
        ],
        id="sha digits",
    ),
    pytest.param(
        """\
providers: {a: {aio: yes}, b: {aio: off}, c: {aio: 'true'}, d: {aio: maybe}, e: {aio: 1}, f: {aio: {}}}
""",
        [
            '4:22: expected true, false or null, got "yes"; write true without quotes',
            '4:37: expected true, false or null, got "off"; write false without quotes',
            '4:52: expected true, false or null, got "true"; write true without quotes',
            '4:70: expected true, false or null, got "maybe"',
            "4:87: expected true, false or null, got a number 1",
            "4:100: expected true, false or null, got a mapping",
        ],
        id="truth wanted, yes",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    allowPlatformMismatch: null
""",
        ["10:28: expected true or false, got nothing"],
        id="truth wanted, not null",
    ),
    pytest.param(
        """\
providers: {a: {buffers: larg}, b: {buffers: huge}, c: {buffers: 64}, d: {buffers: true}, e: {buffers: [1]}}
""",
        [
            '4:26: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got "larg"; did you mean "large"?',
            '4:46: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got "huge"',
            "4:66: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got a number 64",
            "4:84: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got true",
            "4:104: expected a preset (small, medium, large, xlarge), null, or {sizeIn64K, count}, got a list",
        ],
        id="preset",
    ),
    pytest.param(
        """\
providers: {a: {buffers: {sizeIn64K: -1, count: 4.5}}, b: {buffers: {sizeIn64K: '64', count: 2000}}}
""",
        [
            "4:38: expected a whole number from 0 to 65536, got a number -1",
            "4:49: expected a whole number from 0 to 1024, got a number 4.5",
            '4:81: expected a whole number from 0 to 65536, got "64"',
            "4:94: expected a whole number from 0 to 1024, got a number 2000",
        ],
        id="sizes",
    ),
    pytest.param(
        """\
policy: {pin: diggest, publicRegistry: yes, conflicts: 5, activeMigrations: null}
""",
        [
            '4:15: expected digest or tag, got "diggest"; did you mean "digest"?',
            '4:40: expected deny, warn or allow, got "yes"',
            "4:56: expected report or take, got a number 5",
            "4:77: expected refuse, wait or ignore, got nothing",
        ],
        id="enum",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    builder: podmann
""",
        ['10:14: expected native, auto, podman or docker, got "podmann"; did you mean "podman"?'],
        id="builder",
    ),
    pytest.param(
        """\
registries: {h: {tls: skip_verify}}
""",
        ['4:23: expected verify, skip-verify or plain-http, got "skip_verify"; did you mean "skip-verify"?'],
        id="tls",
    ),
    pytest.param(
        """\
images:
providers:
cluster:
controller:
policy:
""",
        [
            "4:8: expected a mapping, got nothing; leave the key out, or write {}",
            "5:11: expected a mapping, got nothing; leave the key out, or write {}",
            "6:9: expected {context, manifests, namespace}, got nothing; leave the key out, or write {}",
            "7:12: expected {vddkImage}, got nothing; leave the key out, or write {}",
            "8:8: expected {pin, publicRegistry, conflicts, activeMigrations}, got nothing; leave the key out, or write {}",
        ],
        id="section is nothing",
    ),
    pytest.param(
        """\
images: []
providers: [a]
policy: x
""",
        [
            "4:9: expected a mapping, got an empty list",
            "5:12: expected a mapping, got a list",
            "6:9: expected {pin, publicRegistry, conflicts, activeMigrations}, got text",
        ],
        id="section is list",
    ),
    pytest.param(
        """\
providers: {a: }
images: {b: }
registries: {c: }
""",
        [
            "4:16: expected {vddkImage, aio, buffers, create}, got nothing; leave the key out, or write {}",
            "5:13: expected a mapping, got nothing",
            "6:17: expected {caFile, clientCertificateFile, clientKeyFile, tls}, got nothing; leave the key out, or write {}",
        ],
        id="entry is nothing",
    ),
    pytest.param(
        """\
providers: {a: x}
images: {b: a.tar.gz}
""",
        ["4:16: expected {vddkImage, aio, buffers, create}, got text", "5:13: expected a mapping, got text"],
        id="entry is text",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: a.tar.gz
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ["6:14: expected {path, sha256}, got text"],
        id="archive is text",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    platforms: linux/amd64
""",
        ["10:16: expected a list of platforms such as [linux/amd64], got text"],
        id="platforms text",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    platforms: []
""",
        ["10:16: expected a list of platforms such as [linux/amd64], got an empty list"],
        id="platforms empty",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    platforms: [linux/amd64, 5, '']
""",
        [
            "10:30: expected text, got a number 5; write it in quotes",
            "10:33: expected one line of text, got empty text",
        ],
        id="platforms number",
    ),
    pytest.param(
        """\
images:
  a b: {}
""",
        [
            '5:3: expected a name (letters, digits, . _ and -), got "a b"',
            '5:3: missing key "archive" under images."a b"',
            '5:3: missing key "repository" under images."a b"',
            '5:3: missing key "tag" under images."a b"',
        ],
        id="image name",
    ),
    pytest.param(
        """\
cluster: {manifests: x, namespace: Open_Shift}
""",
        ['4:36: expected a Kubernetes name (lower-case letters, digits, - and .), got "Open_Shift"'],
        id="namespace",
    ),
    pytest.param(
        """\
pullSecrets:
  A: {registry: h, namespaces: []}
  b: {registry: h, namespaces: [x, Y]}
""",
        [
            '5:3: expected a Kubernetes name (lower-case letters, digits, - and .), got "A"',
            "5:32: expected a list of namespaces, got an empty list",
            '6:36: expected a Kubernetes name (lower-case letters, digits, - and .), got "Y"',
        ],
        id="pull secret",
    ),
    pytest.param(
        """\
storageMaps: {a: {offload: {d: {vendor: x}}}, b: {}}
""",
        [
            '4:29: missing key "secret" under storageMaps.a.offload.d',
            '4:47: missing key "offload" under storageMaps.b',
        ],
        id="storage map",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    dockerfile: ./Dockerfile
    builder: podman
    buildArgs: {A: 5, B: [x]}
""",
        ["11:20: expected text, got a number; write it in quotes", "11:26: expected text, got a list"],
        id="build args",
    ),
    pytest.param(
        """\
providers: {a: {create: {url: 'https://me:secret@vc/sdk', caFile: x, credentials: {username: {env: U}, password: {file: P}}}}}
""",
        ["4:31: expected a URL such as https://vcenter.example.com/sdk, without user and password, got text"],
        id="url",
    ),
    pytest.param(
        """\
providers: {a: {create: {url: 'https://vc/sdk', caFile: x, credentials: {username: root, password: secret}}}}
""",
        [
            "4:84: expected {env: NAME} or {file: PATH}, got text",
            "4:100: expected {env: NAME} or {file: PATH}, got text",
        ],
        id="password in the spec",
    ),
    pytest.param(
        """\
providers: {a: {create: {url: 'https://vc/sdk', caFile: x, credentials: {username: {value: root}, password: {env: 5}}}}}
""",
        [
            '4:85: unknown key "value" under providers.a.create.credentials.username; expected env or file',
            "4:115: expected text, got a number; write it in quotes",
        ],
        id="password under a key",
    ),
    pytest.param(
        """\
providers: {a: {create: 'https://me:secret@vc'}}
""",
        ["4:25: expected {url, credentials, caFile, insecureSkipVerify}, got text"],
        id="create is text",
    ),
]


@pytest.mark.parametrize(("text", "expected"), WHOLE)
def test_mistakes_in_a_whole_spec(
    text: str, expected: list[str], mistakes: Callable[[str], list[str]]
) -> None:
    assert mistakes(text) == expected


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_mistakes_below_the_head(
    body: str, expected: list[str], body_mistakes: Callable[[str], list[str]]
) -> None:
    assert body_mistakes(body) == expected
