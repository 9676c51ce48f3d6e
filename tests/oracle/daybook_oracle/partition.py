"""The default partitioner of the Java client: murmur2, made positive, modulo."""


def murmur2(data):
    mask = 0xFFFFFFFF
    m = 0x5BD1E995
    n = len(data)
    h = (0x9747B28C ^ n) & mask
    i = 0
    while n - i >= 4:
        k = int.from_bytes(data[i:i + 4], "little")
        k = (k * m) & mask
        k ^= k >> 24
        k = (k * m) & mask
        h = (h * m) & mask
        h ^= k
        i += 4
    rest = n - i
    if rest >= 3:
        h ^= data[i + 2] << 16
    if rest >= 2:
        h ^= data[i + 1] << 8
    if rest >= 1:
        h ^= data[i]
        h = (h * m) & mask
    h ^= h >> 13
    h = (h * m) & mask
    h ^= h >> 15
    return h


def partition(key, count):
    return (murmur2(key.encode("utf-8")) & 0x7FFFFFFF) % count
