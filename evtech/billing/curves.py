"""The elliptic curves of signed meter values, and verification-only arithmetic for those a library lacks.

Short Weierstrass curves over prime fields; parameters from SEC 2 version 2 (secp) and RFC 5639 (brainpool). Points are
``(x, y)``, ``None`` is the point at infinity. Nothing here handles a secret, so nothing needs constant time.
"""

from dataclasses import dataclass

Point = tuple[int, int] | None
_Jacobian = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ + a·x + b over the field of ``p``; the generator (gx, gy) has the prime order ``n``."""

    name: str
    oid: str
    p: int
    a: int
    b: int
    gx: int
    gy: int
    n: int

    @property
    def size(self) -> int:
        """Return the bytes of one coordinate."""
        return (self.p.bit_length() + 7) // 8

    def holds(self, x: int, y: int) -> bool:
        """Return whether the point lies on the curve."""
        in_field = 0 <= x < self.p and 0 <= y < self.p
        return in_field and (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def lift(self, x: int, odd: bool) -> Point:
        """Return the point with this x and parity of y, or ``None`` where there is none (all p here are 3 mod 4)."""
        if not 0 <= x < self.p:
            return None
        y = pow(x * x * x + self.a * x + self.b, (self.p + 1) // 4, self.p)
        if y % 2 != odd:
            y = self.p - y
        return (x, y) if self.holds(x, y) else None

    def verify(self, public: tuple[int, int], digest: bytes, r: int, s: int) -> bool:
        """Return whether (r, s) is an ECDSA signature of the digest (SEC 1 version 2, 4.1.4)."""
        if not (0 < r < self.n and 0 < s < self.n and self.holds(*public)):
            return False
        shift = max(0, 8 * len(digest) - self.n.bit_length())  # the leftmost bits, as many as the order has
        e = int.from_bytes(digest, "big") >> shift
        w = pow(s, -1, self.n)
        point = self._sum_of_multiples(e * w % self.n, (self.gx, self.gy), r * w % self.n, public)
        return point is not None and point[0] % self.n == r

    def multiply(self, factor: int, point: tuple[int, int]) -> Point:
        """Return a multiple of a point."""
        return self._sum_of_multiples(factor, point, 0, point)

    def _sum_of_multiples(self, u: int, first: tuple[int, int], v: int, second: tuple[int, int]) -> Point:
        """Return u·first + v·second, doubling once a bit for both (Shamir's trick)."""
        one, two = (*first, 1), (*second, 1)
        both = self._add(one, two)
        total: _Jacobian = (1, 1, 0)
        for bit in reversed(range(max(u.bit_length(), v.bit_length()))):
            total = self._double(total)
            if (u >> bit) & 1:
                total = self._add(total, both if (v >> bit) & 1 else one)
            elif (v >> bit) & 1:
                total = self._add(total, two)
        return self._affine(total)

    def _double(self, point: _Jacobian) -> _Jacobian:
        x, y, z = point
        if z == 0 or y == 0:
            return (1, 1, 0)
        p = self.p
        yy = y * y % p
        s = 4 * x * yy % p
        m = (3 * x * x + self.a * pow(z, 4, p)) % p
        x3 = (m * m - 2 * s) % p
        return (x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p)

    def _add(self, left: _Jacobian, right: _Jacobian) -> _Jacobian:
        if left[2] == 0:
            return right
        if right[2] == 0:
            return left
        p = self.p
        (x1, y1, z1), (x2, y2, z2) = left, right
        z1z1, z2z2 = z1 * z1 % p, z2 * z2 % p
        u1, u2 = x1 * z2z2 % p, x2 * z1z1 % p
        s1, s2 = y1 * z2 * z2z2 % p, y2 * z1 * z1z1 % p
        if u1 == u2:
            return self._double(left) if s1 == s2 else (1, 1, 0)
        h, r = (u2 - u1) % p, (s2 - s1) % p
        hh = h * h % p
        hhh, v = h * hh % p, u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return (x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p)

    def _affine(self, point: _Jacobian) -> Point:
        x, y, z = point
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        square = inverse * inverse % self.p
        return (x * square % self.p, y * square * inverse % self.p)


def _curve(name: str, oid: str, p: str, a: str, b: str, g: str, n: str) -> Curve:
    half = len(g) // 2
    return Curve(name, oid, int(p, 16), int(a, 16), int(b, 16), int(g[:half], 16), int(g[half:], 16), int(n, 16))


CURVES: tuple[Curve, ...] = (
    _curve(
        "secp192k1",
        "1.3.132.0.31",
        "fffffffffffffffffffffffffffffffffffffffeffffee37",
        "0",
        "3",
        "db4ff10ec057e9ae26b07d0280b7f4341da5d1b1eae06c7d9b2f2f6d9c5628a7844163d015be86344082aa88d95e2f9d",
        "fffffffffffffffffffffffe26f2fc170f69466a74defd8d",
    ),
    _curve(
        "secp192r1",
        "1.2.840.10045.3.1.1",
        "fffffffffffffffffffffffffffffffeffffffffffffffff",
        "fffffffffffffffffffffffffffffffefffffffffffffffc",
        "64210519e59c80e70fa7e9ab72243049feb8deecc146b9b1",
        "188da80eb03090f67cbf20eb43a18800f4ff0afd82ff101207192b95ffc8da78631011ed6b24cdd573f977a11e794811",
        "ffffffffffffffffffffffff99def836146bc9b1b4d22831",
    ),
    _curve(
        "secp256k1",
        "1.3.132.0.10",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
        "0",
        "7",
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    ),
    _curve(
        "secp256r1",
        "1.2.840.10045.3.1.7",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    ),
    _curve(
        "secp384r1",
        "1.3.132.0.34",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    ),
    _curve(
        "brainpool256r1",
        "1.3.36.3.3.2.8.1.1.7",
        "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
        "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
        "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
        "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262"
        "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
        "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
    ),
    _curve(
        "brainpool384r1",
        "1.3.36.3.3.2.8.1.1.11",
        "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
        "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
        "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
        "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e"
        "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
        "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
    ),
)

_OTHER_NAMES = {
    "prime192v1": "secp192r1",
    "prime256v1": "secp256r1",
    "brainpoolp256r1": "brainpool256r1",
    "brainpoolp384r1": "brainpool384r1",
}


def find_curve(name: str) -> Curve | None:
    """Return the curve of a name, in any spelling seen in records."""
    wanted = _OTHER_NAMES.get(name.lower(), name.lower())
    return next((curve for curve in CURVES if curve.name == wanted), None)


def curve_of_oid(oid: str) -> Curve | None:
    """Return the curve of an object identifier."""
    return next((curve for curve in CURVES if curve.oid == oid), None)
