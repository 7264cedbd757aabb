"""Ready-made pieces that look for drift regularly: for cron, systemd, Kubernetes and the pipelines of Git hosts."""
