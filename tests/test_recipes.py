"""The recipes of docs/larger.md for engines that need no code of ours, where they are installed."""
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas", reason="pandas is not installed")
pytest.importorskip("pyarrow", reason="pyarrow is not installed")
import pandas as pd

from mathwork.regression import fit_linear

PAGE = Path(__file__).parent.parent / "docs" / "larger.md"
pytestmark = [pytest.mark.skipif(not PAGE.exists(), reason="not in a source tree"),
              pytest.mark.filterwarnings("default")]        # those of the engines are not ours


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Files of one table, and the table."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    tables, paths = [], []
    for part in range(4):
        table = pd.DataFrame(rng.normal(size=(500, 3)), columns=["load", "wind", "price"])
        paths.append(str(folder / f"{part}.parquet"))
        table.to_parquet(paths[-1])
        tables.append(table)
    return paths, pd.concat(tables, ignore_index=True)


def check(engine, data, **names):
    """Run the recipe of an engine, and compare its fit with that of the whole table."""
    paths, table = data
    code, = re.findall(rf"<!-- recipe: {engine} -->\n```python\n(.*?)```",
                       PAGE.read_text("utf-8"), re.DOTALL)
    found = {"pd": pd, "paths": paths, "__name__": "recipe", **names}
    exec(code, found)
    wanted = fit_linear(table[["load", "wind"]], table["price"])
    np.testing.assert_allclose(found["fit"].params, wanted.params, rtol=1e-12)
    np.testing.assert_allclose(found["fit"].bse, wanted.bse, rtol=1e-12)
    assert found["fit"].terms == wanted.terms


def test_joblib(data):
    pytest.importorskip("joblib", reason="joblib is not installed")
    check("joblib", data)


def test_ray(data):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False,
             _node_ip_address="127.0.0.1", runtime_env={"env_vars": {
                 "PYTHONPATH": os.pathsep.join(sys.path)}})
    try:
        check("ray", data)
    finally:
        ray.shutdown()


def test_spark(data, monkeypatch):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    try:
        spark = (sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
                 .config("spark.driver.bindAddress", "127.0.0.1").getOrCreate())
    except Exception as error:          # it needs Java, of a version that it knows
        pytest.skip(f"Spark does not start: {error}")
    try:
        check("pyspark", data, spark=spark)
    finally:
        spark.stop()
