import { isIP } from "node:net";
import { problem, toText, toWhole, type Value } from "../value.ts";

/** Functions about networks, written as `10.0.0.0/8` or `fd00::/8`. */
export const networkFunctions = {
  cidrhost: (prefix: Value, host: Value) => hostOf(parseNetwork(toText(prefix)), toWhole(host)),
  cidrnetmask: (prefix: Value) => netmaskOf(parseNetwork(toText(prefix))),
  cidrsubnet: (prefix: Value, newBits: Value, number: Value) => subnetText(subnetOf(parseNetwork(toText(prefix)), toWhole(newBits), toWhole(number))),
  cidrsubnets: (prefix: Value, ...newBits: Value[]) => subnetsOf(parseNetwork(toText(prefix)), newBits.map(toWhole)),
} satisfies Record<string, (...args: never[]) => Value>;

interface Network {
  /** Its first address, as a number. */
  readonly start: bigint;
  /** How many bits of the address are the network's. */
  readonly length: number;
  /** 32 or 128. */
  readonly bits: number;
}

function parseNetwork(text: string): Network {
  const [, address = "", length = ""] = /^([^/]*)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : problem(`invalid CIDR expression: ${JSON.stringify(text)}`);
  const size = Number(length);
  if (size > bits) problem(`invalid CIDR expression: ${JSON.stringify(text)}`);
  const host = BigInt(bits - size);
  return { start: (numberOf(address) >> host) << host, length: size, bits };
}

function numberOf(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((number, part) => number * 256n + BigInt(part), 0n);
  const [head, tail] = plainHex(address).split("::") as [string, string?];
  const [first, last] = [head, tail ?? ""].map((part) => (part === "" ? [] : part.split(":"))) as [string[], string[]];
  const groups = tail === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  return groups.reduce((number, group) => number * 65536n + BigInt(`0x${group}`), 0n);
}

/** Without the IPv4 address that may stand at the end. */
function plainHex(address: string): string {
  return address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}

function addressText(number: bigint, bits: number): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map((shift) => (number >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((number >> BigInt(112 - 16 * index)) & 65535n).toString(16));
  // URLs have the shortest form.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** Negative numbers count from the end. */
function hostOf({ start, length, bits }: Network, host: number): string {
  const size = 1n << BigInt(bits - length);
  const number = host < 0 ? size + BigInt(host) : BigInt(host);
  if (number < 0n || number >= size) problem(`prefix of ${length} does not accommodate a host numbered ${host}`);
  return addressText(start + number, bits);
}

function netmaskOf({ length, bits }: Network): string {
  if (bits !== 32) problem("IPv6 addresses cannot have a netmask");
  return addressText(((1n << BigInt(length)) - 1n) << BigInt(32 - length), 32);
}

function subnetOf({ start, length, bits }: Network, newBits: number, number: number): Network {
  const size = length + newBits;
  if (newBits < 0 || size > bits) problem(`insufficient address space to extend prefix of ${length} by ${newBits}`);
  if (number < 0 || BigInt(number) >= 1n << BigInt(newBits)) problem(`prefix extension of ${newBits} does not accommodate a subnet numbered ${number}`);
  return { start: start + (BigInt(number) << BigInt(bits - size)), length: size, bits };
}

function subnetText({ start, length, bits }: Network): string {
  return `${addressText(start, bits)}/${length}`;
}

/** Subnets one behind the other, each at the first place that its size allows. */
function subnetsOf({ start, length, bits }: Network, newBits: readonly number[]): string[] {
  const end = start + (1n << BigInt(bits - length));
  let next = start;
  return newBits.map((more) => {
    const size = length + more;
    if (more < 1) problem("must extend prefix by at least one bit");
    if (size > bits) problem(`would extend prefix to ${size} bits, which is too long for an address`);
    const width = 1n << BigInt(bits - size);
    const at = ((next + width - 1n) / width) * width;
    next = at + width;
    if (next > end) problem(`not enough remaining address space for a subnet with a prefix of ${size} bits`);
    return subnetText({ start: at, length: size, bits });
  });
}
