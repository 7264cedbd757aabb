"""Ready-made pieces that run ``vddkctl drift`` regularly: crontab, systemd, Kubernetes, pipelines. Pure texts."""
