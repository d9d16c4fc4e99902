"""A browser that looks at reports: its pages tell of every request, dialog and error, none of which there may be."""

collect_ignore_glob = ["test_*.py"]
"""They need Chromium and Playwright: they are run where they are named, by `nox -s page`."""
