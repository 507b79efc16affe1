"""Points the settings at this worker's own database and Redis before they are read."""

import os
from pathlib import Path

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
NUMBER = int(WORKER.removeprefix("gw")) if WORKER.startswith("gw") else 15

DATA_DIR = ROOT / ".data" / "test"
ADDRESSES = embedded.addresses(DATA_DIR)
DATABASE = f"test_{WORKER}"


def database_url(url: str, name: str) -> str:
    """Return the URL with another database's name."""
    return url.replace("/recollect?", f"/{name}?")


os.environ.update(
    {
        "DATA_DIR": str(DATA_DIR),
        "DATABASE_URL": database_url(ADDRESSES.database_url, DATABASE),
        "REDIS_URL": ADDRESSES.redis_url.replace("db=0", f"db={NUMBER}"),
        "SECRET_KEY": "only-for-tests-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "OPENAI_BASE_URL": "",
        "OPENAI_API_KEY": "",
        "RERANK_BASE_URL": "",
        "DEMO": "1",
        # The shops of the tests listen here.
        "TOOL_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        "SECRETS_KEYS": "",
    }
)
