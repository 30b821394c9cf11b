"""What the fuzzer does to a file: mutate(rng, format, content, seeds) gives other bytes.

Each format has edits that know it, so that many files survive the first check: JSON fields of
safetensors, members and headers of npz, fields of an ONNX model, words of text and arguments of a
command line. Below them are edits of bytes.
`rng` is a random.Random, and all that varies.
"""
import io
import json
import re
import struct
import warnings
import zipfile

from texts import WORDS

INTEGERS = sorted({sign * (2**power + step) for power in (0, 1, 3, 6, 8, 15, 16, 24, 31, 32, 40, 62,
                                                         63, 64) for step in (-1, 0, 1)
                   for sign in (1, -1)})
FLOATS = [0.0, -0.0, 1.0, 0.5, -1.0, 1e-45, 3e38, 1e308, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "\0", "x", "y", "0", "weight", "bias", "0.weight", "00.weight", "1.bias", "relu",
         "elu", "softmax", "silu", "F16", "BF16", "F64", "I8", "../weights.bin", "weights.bin",
         "\u0663.weight", "\ud7ff", "9" * 30, "x" * 1000, "Identity", "Transpose", "Add",
         "mathwork", "__metadata__", "mathwork.activations", "kind.npy", "offset", "location",
         "-1", "1e9"]


def mutate(rng, name, content, seeds, longest=1 << 16):
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        edit = edit_bytes if rng.random() < 0.2 else EDITS[name]
        content = edit(rng, content, seeds)[:longest]       # some edits repeat it 500 times
    return content


# ---- bytes ----

def edit_bytes(rng, content, seeds):
    place, end = sorted((rng.randint(0, len(content)), rng.randint(0, len(content))))
    end = min(end, place + rng.choice((1, 4, 16, 1000)))
    part = content[place:end]
    edit = rng.randrange(8)
    if edit == 0:
        return content[:place]
    if edit == 1:
        part = bytes(byte ^ 1 << rng.randrange(8) for byte in part)
    elif edit == 2:
        size = rng.choice((1, 2, 4, 8))
        part = (rng.choice(INTEGERS) & 256**size - 1).to_bytes(size, rng.choice(("little", "big")))
        end = place + size
    elif edit == 3:
        other = rng.choice(seeds)
        start = rng.randint(0, len(other))
        part = other[start:start + rng.choice((1, 8, 100))]
    elif edit == 4:
        part = b""
    elif edit == 5:
        part = part * rng.choice((2, 3, 100))
    elif edit == 6:
        part = rng.randbytes(len(part))
    else:
        part = bytes([rng.choice((0, 1, 127, 128, 255))]) * len(part)
    return content[:place] + part + content[end:]


# ---- .safetensors ----

def edit_safetensors(rng, content, seeds):
    try:
        end = 8 + int.from_bytes(content[:8], "little")
        header, data = json.loads(content[8:end]), content[end:]
        text = json.dumps(edit_tree(rng, header))
    except (ValueError, RecursionError):
        return edit_bytes(rng, content, seeds)
    if rng.random() < 0.1:          # one name twice
        entry = rng.choice(re.findall(r'"[^"]*": (?:\{[^{}]*\}|\[[^][]*\]|"[^"]*")', text) or [""])
        text = text.replace(entry, f"{entry}, {entry}", 1)
    if rng.random() < 0.1:
        data = edit_bytes(rng, data, seeds)
    return struct.pack("<Q", len(text)) + text.encode() + data


def edit_tree(rng, tree):
    """The tree of dicts and lists with one place changed"""
    places = list(places_of(tree)) if isinstance(tree, dict | list) else []
    if not places:
        return json_value(rng)
    parent, key = rng.choice(places)
    edit = rng.randrange(9)
    if edit == 0:
        del parent[key]
    elif edit == 1:
        other, its_key = rng.choice(places)
        parent[key] = json.loads(json.dumps(other[its_key]))
    elif edit == 2 and isinstance(parent, dict):
        parent[rng.choice((rng.choice(TEXTS), str(key) + "x", str(key)[:-1]))] = parent.pop(key)
    elif edit == 3 and isinstance(parent[key], list):
        rng.shuffle(parent[key])
    elif edit == 4 and isinstance(parent[key], str):
        try:        # JSON as text inside JSON, as the activations are
            parent[key] = json.dumps(edit_tree(rng, json.loads(parent[key])))
        except ValueError:
            parent[key] = rng.choice(TEXTS)
    elif edit == 5:
        for _ in range(rng.choice((1, 3, 300))):
            parent[key] = [parent[key]]
    elif edit == 6:
        parent[key] = json_value(rng)
    else:       # by a value of the same type from elsewhere
        alike = [other[its_key] for other, its_key in places
                 if type(other[its_key]) is type(parent[key])]
        parent[key] = json.loads(json.dumps(rng.choice(alike)))
    return tree


def places_of(tree):
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in pairs:
        yield tree, key
        if isinstance(value, dict | list):
            yield from places_of(value)


def json_value(rng):
    return rng.choice((rng.choice(INTEGERS), rng.choice(FLOATS), rng.choice(TEXTS), None, True, [],
                       {}, [rng.randrange(4), rng.randrange(4)], [rng.choice(TEXTS), 0.5]))


# ---- .npz ----

def edit_npz(rng, content, seeds):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [[info.filename, archive.read(info)] for info in archive.infolist()]
    except Exception:
        return edit_bytes(rng, content, seeds)
    if rng.random() < 0.3 or not members:
        return edit_directory(rng, content)
    place = rng.randrange(len(members))
    edit = rng.randrange(12)
    if edit == 0:
        del members[place]
    elif edit == 1:
        members.append(list(members[place]))
    elif edit == 2:
        names = [name for name, _ in members]
        members[place][0] = rng.choice((rng.choice(names), rng.choice(TEXTS), names[place][:-4]))
    elif edit < 6:
        members[place][1] = rng.choice(members)[1]
    else:
        members[place][1] = edit_npy(rng, members[place][1], seeds)
    method = rng.choices((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), (50, 1))[0]
    result = io.BytesIO()
    with (warnings.catch_warnings(), zipfile.ZipFile(result, "w") as archive):
        warnings.simplefilter("ignore")         # that a name comes twice
        for name, raw in members:
            archive.writestr(name.partition("\0")[0] or "x", raw, method)
    return result.getvalue()


def edit_npy(rng, raw, seeds):
    """Another header, with its length right, and now and then other data"""
    header_end = 10 + int.from_bytes(raw[8:10], "little")
    header, data = raw[10:header_end].decode("latin1"), raw[header_end:]
    tokens = list(re.finditer(r"-?\d+|'[<>|=]?\w+'|True|False|[(){},]", header))
    if not tokens or rng.random() < 0.3:
        return raw[:header_end] + edit_bytes(rng, data, seeds)
    token = rng.choice(tokens)
    new = rng.choice((str(rng.choice(INTEGERS)), str(rng.choice(FLOATS)), "None", "(", ")", ",", "",
                      "True", "False", "'<f4'", "'>f4'", "'<f2'", "'<f8'", "'<i8'", "'|O'", "'<U4'",
                      "'|V0'", "'<M8[s]'", "'<c8'", "'<f16'", "[('x', '<f4')]", "('<f4', (2,))",
                      token.group() * rng.choice((2, 500)), f"{token.group()}, {token.group()}"))
    header = (header[:token.start()] + new + header[token.end():]).encode("latin1")
    if rng.random() < 0.2:
        data = data[:rng.randint(0, len(data))]
    return raw[:8] + struct.pack("<H", len(header) & 0xFFFF) + header + data


def edit_directory(rng, content):
    """An integer in a record of the zip file"""
    records = [found.start() for found in re.finditer(rb"PK[\x01\x03\x05][\x02\x04\x06]", content)]
    if not records:
        return content
    place = rng.choice(records) + rng.choice((6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 30, 42))
    size = rng.choice((2, 4))
    number = rng.choice((rng.choice(INTEGERS), rng.randrange(len(content))))
    return (content[:place] + (number & 256**size - 1).to_bytes(size, "little")
            + content[place + size:])


# ---- .onnx ----

def edit_onnx(rng, content, seeds):
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    try:
        model, other = ModelProto.FromString(content), ModelProto.FromString(rng.choice(seeds))
        messages = list(messages_of(model))
        edit_message(rng, rng.choice(messages), messages + list(messages_of(other)))
    except (DecodeError, UnicodeDecodeError):       # the latter of texts that are no UTF-8
        return edit_bytes(rng, content, seeds)
    return model.SerializeToString()


def messages_of(message):
    """The message and all that it contains"""
    yield message
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in value if is_repeated(field) else [value]:
                yield from messages_of(each)


def is_repeated(field):
    # The second has gone where the first has come.
    return field.is_repeated if hasattr(field, "is_repeated") else field.label == 3


def edit_message(rng, message, messages):
    """Change a field: one that is set, or now and then any"""
    fields = [field for field, _ in message.ListFields()]
    field = rng.choice(fields if fields and rng.random() < 0.8 else message.DESCRIPTOR.fields)
    if rng.random() < 0.1:
        message.ClearField(field.name)
    elif is_repeated(field):
        edit_repeated(rng, field, getattr(message, field.name), messages)
    elif field.type == field.TYPE_MESSAGE:
        getattr(message, field.name).CopyFrom(alike(rng, field, messages))
    else:
        setattr(message, field.name, scalar(rng, field, messages))


def edit_repeated(rng, field, values, messages):
    edit = rng.randrange(5)
    if edit == 0 and values:
        del values[rng.randrange(len(values))]
    elif edit == 1 and values:
        values.extend([rng.choice(values)] * rng.choice((1, 1, 1, 1000)))
    elif edit == 2 and values:
        order = list(values)
        rng.shuffle(order)
        del values[:]
        values.extend(order)
    elif field.type == field.TYPE_MESSAGE:
        values.extend([alike(rng, field, messages)])
    elif values and edit == 3:
        values[rng.randrange(len(values))] = scalar(rng, field, messages)
    else:
        values.extend([scalar(rng, field, messages)])


def alike(rng, field, messages):
    """A message that fits the field, like one from elsewhere, or empty"""
    found = [message for message in messages if message.DESCRIPTOR is field.message_type]
    if not found:
        return field.message_type._concrete_class()
    message = rng.choice(found)         # which may contain the field that it is for
    return type(message).FromString(message.SerializePartialToString())


def scalar(rng, field, messages):
    if field.type in (field.TYPE_STRING, field.TYPE_BYTES):
        text = rng.choice((rng.choice(texts_of(messages) or [""]), rng.choice(TEXTS)))
        if field.type == field.TYPE_STRING:
            return text
        return rng.choice((text.encode(), rng.randbytes(rng.choice((0, 4, 7, 8, 24)))))
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return rng.choice(FLOATS)
    if field.type == field.TYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    bits = 32 if field.type in (field.TYPE_INT32, field.TYPE_UINT32) else 64
    low, high = ((0, 2**bits - 1) if field.type in (field.TYPE_UINT32, field.TYPE_UINT64)
                 else (-2**(bits - 1), 2**(bits - 1) - 1))
    return rng.choice([number for number in (*INTEGERS, *range(5), 10, 11, 16)
                       if low <= number <= high])


def texts_of(messages):
    """All that their fields say, but what is no UTF-8 and so comes as bytes"""
    texts = []
    for message in messages:
        for field, value in message.ListFields():
            if field.type == field.TYPE_STRING:
                texts += value if is_repeated(field) else [value]
    return [text for text in texts if isinstance(text, str)]


# ---- text ----

def edit_text(rng, content, seeds):
    """Other words, lines and numbers"""
    if rng.random() < 0.3:
        return edit_bytes(rng, content, seeds)
    word = rng.choice((rng.choice(WORDS).encode("utf-8", "surrogatepass"),
                       str(rng.choice(INTEGERS)).encode(), str(rng.choice(FLOATS)).encode()))
    tokens = list(re.finditer(rb"[0-9.]+|[A-Za-z_]+|[^0-9A-Za-z_.]", content[1:])) or [
        re.search(rb"", content[1:])]
    start, end = (1 + place for place in rng.choice(tokens).span())
    edit = rng.randrange(6)
    if edit == 0:
        end = start
    elif edit == 1:
        word = content[start:end] * rng.choice((2, 3, 50, 1000))
    elif edit == 2:
        word = b""
    elif edit == 3:
        return content[:1] + content[1:] * rng.choice((2, 20))
    return content[:start] + word + content[end:]


def edit_lines(rng, content, seeds):
    """An argument more, less, elsewhere or changed"""
    lines = content.split(b"\n")
    place = rng.randrange(len(lines))
    edit = rng.randrange(5)
    if edit == 0:
        lines.insert(place, rng.choice(rng.choice(seeds).split(b"\n")))
    elif edit == 1 and len(lines) > 1:
        del lines[place]
    elif edit == 2:
        lines[place] = rng.choice(rng.choice(seeds).split(b"\n"))
    elif edit == 3:
        rng.shuffle(lines)
    else:
        lines[place] = edit_text(rng, b"x" + lines[place], seeds)[1:]
    return b"\n".join(lines)


def edit_json(rng, content, seeds):
    try:
        return json.dumps(edit_tree(rng, json.loads(content))).encode()
    except (ValueError, RecursionError):
        return edit_bytes(rng, content, seeds)


def edit_one_npy(rng, content, seeds):
    return content[:1] + edit_npy(rng, content[1:], seeds) if len(content) > 20 else content


EDITS = {"npz": edit_npz, "safetensors": edit_safetensors, "onnx": edit_onnx, "npy": edit_one_npy,
         "bytes": edit_bytes, "text": edit_text, "lines": edit_lines, "json": edit_json}
