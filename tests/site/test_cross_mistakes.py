"""Parts of a spec that do not fit together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

BODIES = [
    pytest.param(
        """\
drift:
  ignore:
    - {address: "provider.*/a", fields: [vddkConfigg, vddkConfig, "vddk*", data.user], reason: r, until: 2999-01-01}
    - {address: nonsense, reason: r, until: 2999-01-01}
    - {address: povider.n/a, reason: r, until: 2999-01-01}
    - {address: provider.a, reason: r, until: 2999-01-01}
    - {address: image.vddk-8, reason: r, until: 2999-01-01}
    - {address: "*", reason: r, until: 2999-01-01}
    - {address: "image.*", fields: [digst], reason: r, until: 2999-01-01}
""",
        [
            (
                '6:42: no field is named "vddkConfigg", so this ignores nothing; there are: vddkInitImage, '
                "useVddkAioOptimization, vddkConfig, vddk_image, url, tag, digest or vsphereXcopyConfig; "
                'did you mean "vddkConfig"?'
            ),
            (
                '7:17: no address is like "nonsense"; they begin with image., secret., serviceaccount., controller., '
                "provider. or storagemap."
            ),
            (
                '8:17: no address is like "povider.n/a"; they begin with image., secret., serviceaccount., controller., '
                'provider. or storagemap.; did you mean "provider.n/a"?'
            ),
            (
                '9:17: "provider.a" has no namespace; providers have addresses such as provider.NAMESPACE/NAME; '
                'did you mean "provider.*/a"?'
            ),
            '10:17: no image named "vddk-8"',
            (
                '12:37: no field is named "digst", so this ignores nothing; there are: vddkInitImage, '
                "useVddkAioOptimization, vddkConfig, vddk_image, url, tag, digest or vsphereXcopyConfig; "
                'did you mean "digest"?'
            ),
        ],
        id="ignores of nothing",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
controller: {vddkImage: vddk-9}
""",
        ['10:25: no image named "vddk-9"; declared: vddk-8; did you mean "vddk-8"?'],
        id="controller image unknown",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
controller: {vddkImage: foo}
""",
        ['10:25: no image named "foo"; declared: vddk-8'],
        id="controller image far",
    ),
    pytest.param(
        """\
controller: {vddkImage: vddk-8}
""",
        ['4:25: no image named "vddk-8"; none is declared under images'],
        id="no image declared",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
providers: {a: {vddkImage: vddk8}, b: {vddkImage: vddk-8}}
""",
        ['10:28: no image named "vddk8"; declared: vddk-8; did you mean "vddk-8"?'],
        id="provider image",
    ),
    pytest.param(
        """\
controller: {vddkImage: inherit}
""",
        ["4:25: the controller inherits from nothing; write null to make sure that no image is set"],
        id="controller inherit",
    ),
    pytest.param(
        """\
controller: {vddkImage: ''}
""",
        ['4:25: no image named ""; none is declared under images'],
        id="image empty",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'vddk:8.0.1'}
""",
        ['4:25: no image named "vddk:8.0.1"; none is declared under images'],
        id="image with only a tag",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'migration/vddk:8'}
""",
        [
            '4:25: "migration/vddk:8" names no registry; write its host first, as in registry.example.com/migration/vddk:8'
        ],
        id="image short name",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'h.x/VDDK:8'}
""",
        ['4:25: "h.x/VDDK:8": "VDDK" has upper-case letters; write vddk'],
        id="image upper",
    ),
    pytest.param(
        """\
controller: {vddkImage: h.x/vddk}
""",
        ['4:25: "h.x/vddk" has neither tag nor digest'],
        id="image without tag",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'oci:./x:1'}
""",
        ["4:25: a cluster cannot pull from an OCI layout; expected an image's name, or host/path:tag"],
        id="image in a layout",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'https://h.x/vddk:1'}
""",
        ['4:25: "https://h.x/vddk:1" starts with https://; write h.x/vddk:1 alone'],
        id="image scheme",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'https://me:secret@h.x/vddk:1'}
""",
        ["4:25: a reference names no user and no password; registries have their own login"],
        id="image with password",
    ),
    pytest.param(
        """\
controller: {vddkImage: 'h.x/vddk@sha256:12'}
""",
        ['4:25: "sha256:12" is not a digest; a digest is sha256: and 64 lower-case hex digits'],
        id="image bad digest",
    ),
    pytest.param(
        """\
images: {vddk-8: 5}
controller: {vddkImage: vddk-9}
""",
        [
            "4:18: expected a mapping, got a number",
            '5:25: no image named "vddk-9"; declared: vddk-8; did you mean "vddk-8"?',
        ],
        id="reference also when images are wrong",
    ),
    pytest.param(
        """\
cluster: {context: a, manifests: b}
""",
        ['4:23: cluster has both "context" and "manifests"; keep one'],
        id="both cluster",
    ),
    pytest.param(
        """\
cluster: {manifests: b, context: a}
""",
        ['4:25: cluster has both "context" and "manifests"; keep one'],
        id="both cluster turned",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: h.x/vddk:8
    tag: a
    base: oci:b:1
""",
        ['7:17: "h.x/vddk:8" has a tag, and a repository has none; write h.x/vddk, and the tag apart'],
        id="repository with tag",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: h.x/vddk@sha256:0000000000000000000000000000000000000000000000000000000000000000
    tag: a
    base: oci:b:1
""",
        [
            '7:17: "h.x/vddk@sha256:0000000000000000000000000000000000000000000000000000000000000000" has a digest, and a repository has none; write h.x/vddk'
        ],
        id="repository with digest",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: h.x/Vddk
    tag: a
    base: oci:b:1
""",
        ['7:17: "h.x/Vddk": "Vddk" has upper-case letters; write vddk'],
        id="repository upper",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: migration/vddk
    tag: a
    base: oci:b:1
""",
        [
            '7:17: "migration/vddk" names no registry; write its host first, as in registry.example.com/migration/vddk'
        ],
        id="repository without host",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: oci:./images:8
    tag: a
    base: oci:b:1
""",
        [
            '7:17: "oci:./images:8" has a tag, and a repository has none; write oci:./images, and the tag apart'
        ],
        id="layout with tag",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: 'oci:'
    tag: a
    base: oci:b:1
""",
        ['7:17: "oci:" names no folder; as in oci:./images/vddk:8.0.1'],
        id="layout without path",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: oci:a
    tag: a
    base: oci:b
""",
        ['9:11: "oci:b" has neither tag nor digest'],
        id="base without tag",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: oci:a
    tag: a
    base: ubi8
""",
        ['9:11: "ubi8" names no registry; write its host first, as in registry.example.com/ubi8'],
        id="base bad",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a}
    repository: oci:a
    tag: a
    base: h.x/b@sha256:5
""",
        ['9:11: "sha256:5" is not a digest; a digest is sha256: and 64 lower-case hex digits'],
        id="base bad digest",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    clusterRepository: oci:./x
""",
        ["10:24: a cluster cannot pull from an OCI layout; expected host/path in a registry"],
        id="cluster repository layout",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    clusterRepository: h.x/y:1
""",
        ['10:24: "h.x/y:1" has a tag, and a repository has none; write h.x/y, and the tag apart'],
        id="cluster repository with tag",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    platforms: [linux/amd64, amd64, linux/x86_64, windows/amd64, linux/amd64, linux/arm/v7, Linux/AMD64]
""",
        [
            '10:30: "amd64" is not a platform; as in linux/amd64, or linux/arm/v7',
            '10:37: "linux/x86_64": images call x86_64 amd64; write linux/amd64',
            '10:51: expected a platform of linux, got "windows/amd64"',
            "10:66: platform linux/amd64 stands twice",
            '10:93: "Linux/AMD64" is not a platform; as in linux/amd64, or linux/arm/v7',
        ],
        id="platform",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    dockerfile: ./D
    buildDir: /data
    buildArgs: {A: b}
""",
        [
            '10:5: "dockerfile" has no use with builder native; set builder: podman, docker or auto',
            '11:5: "buildDir" has no use with builder native; set builder: podman, docker or auto',
            '12:5: "buildArgs" has no use with builder native; set builder: podman, docker or auto',
        ],
        id="native with Dockerfile",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    dockerfile: ./D
    builder: native
""",
        ['10:5: "dockerfile" has no use with builder native; set builder: podman, docker or auto'],
        id="native said with Dockerfile",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
    builder: podman
    buildDir: /data
""",
        [],
        id="an engine with a folder to work in",
    ),
    pytest.param(
        """\
images:
  inherit:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ["5:3: no image can be named inherit: it means that a provider has no override"],
        id="image named inherit",
    ),
    pytest.param(
        """\
images:
  a/b:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
""",
        ['5:3: expected a name (letters, digits, . _ and -), got "a/b"'],
        id="image named with slash",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: oci:./images
    tag: 8.0.1
    base: oci:./base:1
  other:
    archive: {path: a.tar.gz}
    repository: oci:images/
    tag: 8.0.1
    base: oci:./base:1
""",
        ["13:10: images vddk-8 and other are both oci:images/:8.0.1; give one another tag"],
        id="twins",
    ),
    pytest.param(
        """\
images:
  vddk-8:
    archive: {path: a.tar.gz}
    repository: https://me:secret@h.x/a
    tag: 8.0.1
    base: oci:./base:1
  other:
    archive: {path: a.tar.gz}
    repository: https://me:secret@h.x/a
    tag: 8.0.1
    base: oci:./base:1
""",
        [
            "7:17: a reference names no user and no password; registries have their own login",
            "12:17: a reference names no user and no password; registries have their own login",
        ],
        id="twins with password",
    ),
    pytest.param(
        """\
providers: {Prod: {}, a_b: {}, a/b/c: {}, /a: {}, a/: {}, '': {}, -a: {}, 'ns.x/a': {}, ns/a: {}}
""",
        [
            '4:13: the names of providers are in lower case, and "Prod" is not',
            '4:23: "a_b" is not a Kubernetes name (lower-case letters, digits, - and .)',
            '4:32: expected a name, namespace/name, or a rule such as edge-*, got "a/b/c"',
            '4:43: expected a name, namespace/name, or a rule such as edge-*, got "/a"',
            '4:51: expected a name, namespace/name, or a rule such as edge-*, got "a/"',
            '4:59: a key is missing before the ":"',
            '4:67: "-a" is not a Kubernetes name (lower-case letters, digits, - and .)',
            '4:75: "ns.x" is not a Kubernetes name (lower-case letters, digits, - and .)',
        ],
        id="provider names",
    ),
    pytest.param(
        """\
providers: {'x[': {}, '[!a]*': {}, 'a]': {}, 'A*': {}, 'ns-*/x?': {}, 'a b*': {}, '[a-f': {}, '[]': {}}
""",
        [
            '4:13: "x[" is not a rule: a name with * (any text), ? or [a-f] (one character) in it',
            '4:36: "a]" is not a Kubernetes name (lower-case letters, digits, - and .)',
            '4:46: the names of providers are in lower case, and "A*" is not',
            '4:71: "a b*" is not a rule: a name with * (any text), ? or [a-f] (one character) in it',
            '4:83: "[a-f" is not a rule: a name with * (any text), ? or [a-f] (one character) in it',
            '4:95: "[]" is not a rule: a name with * (any text), ? or [a-f] (one character) in it',
        ],
        id="rules",
    ),
    pytest.param(
        """\
providers:
  'edge-*':
    create:
      url: https://vc/sdk
      caFile: x
      credentials: {username: {env: A}, password: {env: B}}
""",
        ['6:5: "edge-*" is a rule, and a rule creates nothing'],
        id="rule creates",
    ),
    pytest.param(
        """\
providers:
  a:
    create:
      url: https://vc/sdk
      caFile: x
      credentials: {username: {env: A, file: B}, password: {}}
""",
        ['9:21: username has both "env" and "file"; keep one', '9:50: password needs "env" or "file"'],
        id="credentials both and neither",
    ),
    pytest.param(
        """\
providers:
  a:
    create:
      url: https://vc/sdk
      credentials: {username: {env: A}, password: {env: B}}
""",
        ['6:5: create needs "caFile" (or insecureSkipVerify: true)'],
        id="no authority",
    ),
    pytest.param(
        """\
providers:
  a:
    create:
      url: https://vc/sdk
      insecureSkipVerify: true
      credentials: {username: {env: A}, password: {env: B}}
""",
        [],
        id="insecure",
    ),
    pytest.param(
        """\
cluster: {manifests: x, namespace: mtv}
providers: {a: {}, mtv/a: {}, other/a: {}}
""",
        ["5:20: a and mtv/a are the same provider"],
        id="same provider",
    ),
    pytest.param(
        """\
cluster: {namespace: mtv}
providers:
  a: {create: {url: https://vc/sdk, insecureSkipVerify: true, credentials: {username: {env: A}, password: {env: B}}}}
pullSecrets:
  a-credentials: {registry: h.example.com, namespaces: [mtv, vms]}
  b-credentials: {registry: h.example.com, namespaces: [mtv]}
""",
        ["8:3: in mtv this is the Secret of the provider a, which is created; name it otherwise"],
        id="same secret",
    ),
    pytest.param(
        """\
registries: {'https://h.x': {}, h.x/path: {}, 'me:secret@h.x': {}, 'h.x:5000': {}, localhost: {}}
""",
        [
            "4:14: expected a registry's host, or host:port, without scheme and path",
            "4:33: expected a registry's host, or host:port, without scheme and path",
            "4:47: expected a registry's host, or host:port, without scheme and path",
        ],
        id="registry hosts",
    ),
    pytest.param(
        f"""\
images:
  a: {{archive: {{path: a}}, repository: h.x/a, tag: a, base: "h.x/b:1@sha256:{"0" * 64}", followBase: true}}
  b: {{archive: {{path: a}}, repository: h.x/b, tag: a, base: "h.x/b@sha256:{"0" * 64}", followBase: false}}
  c: {{archive: {{path: a}}, repository: h.x/c, tag: a, base: "h.x/b:1", followBase: true}}
  d: {{archive: {{path: a}}, repository: h.x/d, tag: a, followBase: true}}
""",
        ['5:143: "followBase" has no use with a base that is pinned by digest; keep one of the two'],
        id="a pinned base that is followed",
    ),
    pytest.param(
        """\
registries: {a.x: {clientKeyFile: k}, b.x: {clientCertificateFile: c}, c.x: {caFile: a, tls: plain-http}, d.x: {caFile: a, tls: skip-verify}}
""",
        [
            '4:20: "clientKeyFile" needs "clientCertificateFile"',
            '4:45: "clientCertificateFile" needs "clientKeyFile"',
            '4:78: "caFile" has no use with tls: plain-http',
            '4:113: "caFile" has no use with tls: skip-verify',
        ],
        id="registry files",
    ),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_mistakes_below_the_head(
    body: str, expected: list[str], body_mistakes: Callable[[str], list[str]]
) -> None:
    assert body_mistakes(body) == expected
