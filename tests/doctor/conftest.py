from tests.support.site_fixtures import site

__all__ = ["site"]
