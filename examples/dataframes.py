"""
The columns of a data frame through a network
=============================================

A frame has a column for each pixel and a row for each digit. The digit that the network reads,
and its probability, become two new columns: one call reads all rows. It needs pandas and polars.
"""
import timeit

import matplotlib.pyplot as plt
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


images, labels = digits()
frame = pd.DataFrame(images, columns=PIXELS).assign(label=labels)
frame = frame.assign(**read(frame[PIXELS]))

# An expression of polars runs in a lazy query and in a group as well.
expression = pl.struct(PIXELS).map_batches(
    read_series, is_elementwise=True,
    return_dtype=pl.Struct({"digit": pl.Int64, "probability": pl.Float32}))
table = pl.DataFrame(images, schema=PIXELS).with_columns(label=labels)
table = table.with_columns(read=expression).unnest("read")
print("the same digits:", frame["digit"].tolist() == table["digit"].to_list())

# A call for each row costs more, most of it to take the frame apart.
rows = frame[PIXELS].itertuples
together = min(timeit.repeat(lambda: read(frame[PIXELS]), number=10, repeat=3)) / 5000
alone = min(timeit.repeat(lambda: [NET(row) for row in rows(index=False)], number=1,
                          repeat=3)) / 500
print(f"all rows {together * 1e6:.2f} us a row, row by row {alone * 1e6:.1f} us")

least = frame.nsmallest(8, "probability")
print(least[["label", "digit", "probability"]].to_string())
figure, panels = plt.subplots(1, 8, figsize=(8, 1.5))
for axis, (index, row) in zip(panels, least.iterrows(), strict=True):
    axis.imshow(images[index].reshape(8, 8), cmap="gray_r")
    axis.set_title(f"{row['digit']:.0f}: {row['probability']:.0%}", fontsize=9)
    axis.axis("off")
plt.show()
