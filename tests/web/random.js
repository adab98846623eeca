// Numbers to try things with: the same in every run, from every place where float64 numbers lie.

// How many examples a property is tried with. EVERYSTEP_MANY=100000 is the long part.
export const MANY = Number(process.env.EVERYSTEP_MANY ?? 2000);

// A share of them, for what is slower to try.
export const some = (share) => Math.max(10, Math.round(MANY * share));

// mulberry32 (public domain): evenly from 0 to 1.
export function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

const number = new Float64Array(1),
  bits = new BigUint64Array(number.buffer);

// The number k places after x; x itself where that is none.
export function next(x, k) {
  number[0] = x;
  bits[0] = BigInt.asUintN(64, bits[0] + BigInt(k));
  return Number.isFinite(number[0]) ? number[0] : x;
}

// Numbers at which something changes.
export const KNOWN = [
  0,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  1,
  -1,
  0.1,
  2 ** 53,
  -(2 ** 53),
  1e9,
  1e15,
  1e-5,
  1.7e9,
  1.7e18,
  8.64e12,
  Math.LN2,
  1e21,
  1e22,
  86400,
  60,
  3600,
  -62135596800,
];

export class Numbers {
  constructor(seed) {
    this.random = generator(seed);
  }

  below(n) {
    return Math.floor(this.random() * n);
  }

  one(list) {
    return list[this.below(list.length)];
  }

  // Any finite number, by its bits.
  any() {
    do bits[0] = (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
    while (!Number.isFinite(number[0]));
    return number[0];
  }

  // About a normal distribution.
  normal() {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.random();
    return sum;
  }

  // Two different finite numbers in order: bit patterns, neighbours, known ones, moments, parts of each other.
  pair() {
    const kinds = [
      () => [this.any(), this.any()],
      () => [this.one(KNOWN), this.one(KNOWN)],
      () => {
        const low = this.random() < 0.5 ? this.any() : this.one(KNOWN);
        return [low, next(low, 1 + Math.floor(2 ** (this.random() * 30)))];
      },
      () => {
        const low = (this.random() - 0.5) * 10 ** (this.random() * 20);
        return [low, low + 10 ** (this.random() * 20 - 10)];
      },
      () => {
        const low = -2.2e9 + this.random() * 9.5e9;
        return [low, low + 10 ** (this.random() * 15 - 6)];
      },
      () => {
        const low = this.one(KNOWN);
        return [low, low * (1 + (this.random() - 0.5) * 10 ** (-this.random() * 17))];
      },
    ];
    for (;;) {
      const [low, high] = this.one(kinds)().sort((a, b) => a - b);
      if (Number.isFinite(low) && Number.isFinite(high) && low < high) return [low, high];
    }
  }
}
