"""Files in S3, and in whatever speaks its protocol."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from posixpath import normpath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mlflow.environment_variables import MLFLOW_S3_ENDPOINT_URL, MLFLOW_S3_IGNORE_TLS
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository

from mlflow_prod.errors import ModelError
from mlflow_prod.evidence import Stream

if TYPE_CHECKING:
    from botocore.client import BaseClient

# Seconds. Three attempts (boto3's default) stay well below the 120 s after which MLflow's clients give up.
CONNECT_TIMEOUT = 5
READ_TIMEOUT = 20
# By the code of S3's error.
SAID = {
    "NoSuchBucket": "there is no such bucket",
    "NoSuchKey": "an object was deleted while it was read",
    "AccessDenied": "access is denied to these credentials",
    "403": "access is denied to these credentials",
    "InvalidAccessKeyId": "the store does not know the access key",
    "SignatureDoesNotMatch": "the store does not accept the secret key",
    "ExpiredToken": "the credentials have expired",
}


@dataclass(frozen=True)
class S3File:
    """An object, as it was listed."""

    name: str
    key: str
    size: int
    etag: str
    last_modified: str
    client: "BaseClient"
    # Of every request: the bucket and, where MLflow's settings name one, its owner.
    where: dict[str, str]

    @property
    def mark(self) -> tuple[str, int, str, str]:
        """(key, size, ETag, time of the last write)."""
        return self.key, self.size, self.etag, self.last_modified

    @contextmanager
    def open(self) -> Iterator[Stream]:
        """Its bytes; ModelError where they are no longer those that were listed."""
        with _told(self.client):
            answer = self.client.get_object(Key=self.key, **self.where)
            with closing(answer["Body"]) as body:
                if answer["ETag"] != self.etag:
                    raise ModelError(f"{self.name} changed while it was read")
                yield body


def files_in_s3(repository: S3ArtifactRepository) -> list[S3File]:
    """The objects below the repository's location; ModelError where they cannot be listed."""
    client = _client(repository)
    bucket, root = repository.parse_s3_compliant_uri(repository.artifact_uri)
    prefix = f"{root.rstrip('/')}/".lstrip("/")
    where = {"Bucket": bucket, **repository._bucket_owner_params}
    with _told(client):
        pages = client.get_paginator("list_objects_v2").paginate(Prefix=prefix, **where)
        listed = [found for page in pages for found in page.get("Contents", [])]
    files = []
    for found in listed:
        name = found["Key"].removeprefix(prefix)
        if found["Key"].endswith("/") and not found["Size"]:
            # A console's mark for a folder, which MLflow does not download either.
            continue
        if normpath(name) != name or name.split("/")[0] in ("", ".."):
            raise ModelError(f"the object {found['Key']!r} has a name that no file can have")
        written = found["LastModified"].isoformat()
        files.append(S3File(name, found["Key"], found["Size"], found["ETag"], written, client, where))
    return files


def _client(repository: S3ArtifactRepository) -> "BaseClient":
    try:
        import boto3  # noqa: F401
    except ImportError as problem:
        raise ModelError("reading S3 needs boto3: pip install 'mlflow-prod[s3]'") from problem
    with _told(None):
        return _that_gives_up(repository._get_s3_client())


@lru_cache(maxsize=4)
def _that_gives_up(mlflows: "BaseClient") -> "BaseClient":
    """A client with the settings of MLflow's that gives up sooner, since a promotion waits for it.

    MLflow's waits 60 s for each attempt. How many attempts there are is left to the user's settings.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        endpoint_url=MLFLOW_S3_ENDPOINT_URL.get(),
        verify=False if MLFLOW_S3_IGNORE_TLS.get() else None,
        config=Config(
            signature_version=mlflows.meta.config.signature_version,
            s3=mlflows.meta.config.s3,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
        ),
    )


@contextmanager
def _told(client: "BaseClient | None") -> Iterator[None]:
    """Says what went wrong without boto3's words, which repeat addresses with all that stands in them."""
    from botocore import exceptions as boto

    try:
        yield
    except boto.ClientError as problem:
        code = problem.response.get("Error", {}).get("Code", "")
        raise ModelError(SAID.get(code, f"the store answers {code or 'with an error'}")) from problem
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as problem:
        raise ModelError("there are no credentials for S3, such as AWS_ACCESS_KEY_ID") from problem
    except boto.SSLError as problem:
        raise ModelError(f"the certificate of {_host(client)} is not accepted") from problem
    except (boto.ConnectionError, boto.HTTPClientError) as problem:
        raise ModelError(f"{_host(client)} cannot be reached") from problem
    except boto.ParamValidationError as problem:
        raise ModelError(str(problem)) from problem
    except boto.BotoCoreError as problem:
        raise ModelError(f"boto3 fails with {type(problem).__name__}") from problem


def _host(client: "BaseClient | None") -> str:
    return urlsplit(client.meta.endpoint_url).netloc.rpartition("@")[2] if client else "S3"
