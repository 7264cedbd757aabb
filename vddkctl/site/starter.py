"""The spec that ``vddkctl init`` writes to start from."""

from __future__ import annotations

_STARTER = """\
# yaml-language-server: $schema=./site.schema.json
#
# What this site should look like. `vddkctl plan` says what would change, `vddkctl apply` does it, and
# `vddkctl drift` says what somebody else has changed since.
#
#   A key that is left out      is not managed: vddkctl leaves it as it is.
#   A key that is null          is managed: vddkctl makes sure that it is not set.
#
# Paths are relative to this file; ~ and ${VAR} work in them. For completion and checks in an editor:
#   vddkctl schema > site.schema.json
apiVersion: vddkctl.dev/v1alpha1
kind: Site

metadata:
  name: my-site                     # names this site in reports, and in the record of what was applied

# Where Forklift's settings are: a folder with the YAML of its ForkliftController and its Providers, as kept in Git,
# of which only the lines that have to change are touched. Or a live cluster: `context: NAME` in its place; with
# neither, the current context.
cluster:
  manifests: ./gitops
  # namespace: openshift-mtv        # where Forklift lives; needed only when there are several ForkliftControllers

# The VDDK images. The rest of this file uses the names that you give them here.
images:
  vddk-8:
    archive:
      path: ./VMware-vix-disklib-8.0.1-21562716.x86_64.tar.gz     # from the vendor, as downloaded
      # sha256: 64 hex digits       # another file is then refused: `sha256sum FILE` prints them
    # A repository in a registry, as in registry.example.com/migration/vddk (with the login of podman or docker), or an
    # OCI image layout: a folder that skopeo and podman read as well. To carry such a folder to a registry:
    #   vddkctl image copy vddk-8 registry.example.com/migration/vddk:8.0.1
    repository: oci:./images/vddk
    tag: 8.0.1
    # The image below the archive, in a registry or in a layout. To fetch it once:
    #   vddkctl image copy registry.access.redhat.com/ubi8/ubi-minimal:8.10 oci:./images/base:8.10
    base: oci:./images/base:8.10
    # Where the cluster pulls this image from, once it has been carried there. This is what gets written below.
    clusterRepository: registry.example.com/migration/vddk
    # platforms: [linux/amd64]      # the default, and all that VDDK is made for

# The image of every provider that has none of its own.
controller:
  vddkImage: vddk-8                 # a name from above, a full reference (host/path@sha256:…), or null

# Providers that differ: by name, namespace/name, or a rule. A name wins over rules, the first rule over later ones.
# providers:
#   vsphere-prod:
#     aio: true                     # VDDK's asynchronous I/O, without which buffers have no effect
#     buffers: large                # by the size of its disks: small (under 50 GB), medium (to 200), large (to 500),
#                                   # xlarge (above), or {sizeIn64K: 256, count: 16}
#   vsphere-test:
#     vddkImage: registry.example.com/migration/vddk:8.0.1-debug
#   vsphere-plain:
#     vddkImage: inherit            # makes sure that it has no image of its own
#   "edge-*":                       # a rule: every vSphere provider whose name starts so
#     aio: true
#     buffers: medium

policy:
  pin: digest                       # or tag; a tag that is pushed again is neither validated nor pulled again
"""


def starter() -> str:
    """A commented spec without mistakes, that uses nothing but what works: a layout and a folder of manifests."""
    return _STARTER
