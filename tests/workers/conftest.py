from __future__ import annotations

from collections.abc import Iterator

import pytest

from .ray_cluster import RayCluster, running_cluster


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster") / "home") as cluster:
        yield cluster
