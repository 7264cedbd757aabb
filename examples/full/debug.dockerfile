# What this image has besides VDDK. The lines for VDDK itself come after these by themselves, since none is here.
FROM registry.access.redhat.com/ubi8/ubi:8.10
RUN dnf install -y strace tcpdump && dnf clean all
