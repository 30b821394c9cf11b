"""The columns of a data frame through a network, in pandas and in polars.

The frames have a column for each pixel and a row for each digit. The digit that the network reads,
and its probability, become two new columns. One call reads all rows. A script whose rows come one
at a time makes a call for each; most of its time goes to taking the frame apart.

    pip install pandas polars
    python examples/dataframes.py
"""
import timeit

import pandas as pd
import polars as pl

from mathwork.data import digits, digits_network

NET = digits_network()
PIXELS = [f"pixel {i}" for i in range(64)]


def read(images):
    """Return the new columns: {name: an array with an entry for each row}"""
    probabilities = NET(images)
    return {"digit": probabilities.argmax(axis=1), "probability": probabilities.max(axis=1)}


def read_series(images):
    """Do the same for a polars expression: a series of structs in, another one out"""
    return pl.DataFrame(read(images.struct.unnest().to_numpy())).to_struct()


def timed(name, call):
    seconds = min(timeit.repeat(call, number=1, repeat=5))
    print(f"{name}: {seconds / 500 * 1e6:.2f} us a row")
    return call()


def main():
    images, labels = digits()
    frame = pd.DataFrame(images, columns=PIXELS).assign(label=labels)
    table = pl.DataFrame(images, schema=PIXELS).with_columns(label=labels)
    # An expression runs in a lazy query and in a group as well.
    expression = pl.struct(PIXELS).map_batches(
        read_series, is_elementwise=True,
        return_dtype=pl.Struct({"digit": pl.Int64, "probability": pl.Float32}))

    frame = timed("pandas, all rows", lambda: frame.assign(**read(frame[PIXELS].to_numpy())))
    table = timed("polars, all rows", lambda: table.with_columns(read=expression).unnest("read"))
    rows = timed("pandas, row by row", lambda: [
        NET.classify(row) for row in frame[PIXELS].itertuples(index=False)])
    again = timed("polars, row by row", lambda: [
        NET.classify(row) for row in table.select(PIXELS).iter_rows()])
    print("the same digits:", rows == again == frame["digit"].tolist() == table["digit"].to_list())

    print("The least certain, of pandas and of polars:")
    print(frame.nsmallest(3, "probability")[["label", "digit", "probability"]])
    print(table.select("label", "digit", "probability").bottom_k(3, by="probability"))


if __name__ == "__main__":
    main()
