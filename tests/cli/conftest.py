from tests.support.site_fixtures import applied, site

__all__ = ["applied", "site"]
