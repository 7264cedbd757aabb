"""What a spec says by its looks."""

from __future__ import annotations

import pytest

from vddkctl.site.glimpse import LiveCluster, live_cluster_in, name_in


@pytest.mark.parametrize(
    "text",
    [
        "metadata: {name: demo}\n",
        "kind: Site\nmetadata:\n  name: demo\n",
        "metadata:   # of the site\n\n# name: other\n  # name: other\n  labels: {a: b}\n  name: 'demo'  # name: x\nx: [",
        'metadata: {labels: {}, "name": "demo"',
        '\ufeff"metadata":\r\n\tname: demo\r\n',
        "images:\n  metadata: {name: other}\n  vddk:\n    name: other\nmetadata: {nickname: other, name: demo}",
    ],
)
def test_the_name_is_seen(text: str) -> None:
    assert name_in(text) == "demo"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "metadata:\nkind: Site\nspec:\n  name: other\n",
        "metadata: {nickname: other}\n",
        "name: other\n",
        "metadata: {name: }\n",
        "metadata: {name: a$b}\n",
        f"metadata: {{name: {'a' * 300}}}\n",
        "metadata: [\n" + " " * 100_000 + "\n" * 100_000 + "  name: late",
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert name_in(text) == ""


HEAD = "apiVersion: vddkctl.dev/v1alpha1\nkind: Site\n"


@pytest.mark.parametrize(
    ("text", "context", "namespace"),
    [
        ("", None, None),
        ("cluster: {}\n", None, None),
        ("cluster: {namespace: mtv}\n", None, "mtv"),
        ("cluster: {context: a-b, namespace: mtv}\n", "a-b", "mtv"),
        ("cluster:\n  context: \"a b\"\n  namespace: 'mtv' # ours\n", "a b", "mtv"),
        ("cluster:\n  # context: other\n  context: admin@k8s\n", "admin@k8s", None),
        ("cluster: {context: mtv/api-host:6443/kube:admin}\n", "mtv/api-host:6443/kube:admin", None),
        ("cluster: {'context': it, \"namespace\": mtv}\n", "it", "mtv"),
        ("images:\n  context: x\nproviders: {namespace: y}\n", None, None),
    ],
)
def test_the_cluster_is_seen(text: str, context: str | None, namespace: str | None) -> None:
    assert live_cluster_in(HEAD + text) == LiveCluster(context, namespace)


@pytest.mark.parametrize(
    "text",
    [
        "cluster: {namespace: mtv}\n",
        HEAD + "cluster: {manifests: ./forklift}\n",
        HEAD + "cluster:\n  context: x\n  manifests: ./forklift\n",
        "apiVersion: v1\nkind: ConfigMap\n",
        "",
    ],
)
def test_a_folder_and_what_is_no_spec_are_no_cluster(text: str) -> None:
    assert live_cluster_in(text) is None
