import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { unstoppable } from "../std/unstoppable.ts";

/** A C function: returns its int result and leaves errno where {@link errno} finds it. */
export type CFunction = (...values: unknown[]) => number;

/** The same, and a call of it that a thread of Node's pool makes. */
interface BoundFunction extends CFunction {
  /** Its last argument is told of the result. */
  async(...values: unknown[]): void;
}

interface Koffi {
  load(path: string | null): { func(prototype: string): BoundFunction };
  errno(value?: number): number;
  address(buffer: Uint8Array): bigint;
}

let loaded: { koffi: Koffi; library: ReturnType<Koffi["load"]> } | undefined | null = null;

/** Whether C functions can be called here: koffi is an optional dependency with prebuilt binaries. */
export function haveLibc(): boolean {
  return load() !== undefined;
}

/**
 * A function of the C library by its prototype, `int mount(const char *source, …)`, made when first called.
 * @throws Error when koffi is not installed for this platform.
 */
export function libc(prototype: string): CFunction {
  let call: CFunction | undefined;
  const bind = (): CFunction => {
    const found = load();
    if (found === undefined) throw new Error("koffi, which calls the C library, is not installed for this platform");
    return (call ??= found.library.func(prototype));
  };
  declared.push(bind);
  return (...values) => unstoppable(() => (call ?? bind())(...values));
}

const declared: (() => CFunction)[] = [];

/** Loads koffi and looks every function up that is declared so far, so that their first calls take no longer than others. */
export function bindDeclared(): void {
  for (const bind of declared) bind();
}

/**
 * A function of what is linked into this program, looked up now.
 * @throws Error where there is no such function, or no koffi
 */
export function linkedFunction(prototype: string): { readonly call: CFunction; readonly callInThread: (...values: unknown[]) => Promise<number> } {
  const found = load();
  if (found === undefined) throw new Error("koffi, which calls C functions, is not installed for this platform");
  const call = found.library.func(prototype);
  return {
    call,
    callInThread: (...values) => new Promise((resolve, reject) => {
      underWay.add(values);
      call.async(...values, (error: Error | null, result: number) => {
        underWay.delete(values);
        if (error) reject(error);
        else resolve(result);
      });
    }),
  };
}

/** What other threads are using: its memory must not be collected. */
const underWay = new Set<readonly unknown[]>();

/** The errno that the last failed C call of this thread left. */
export function errno(): number {
  return load()!.koffi.errno();
}

/** Where a buffer lies in memory, for a C struct that points to it; the caller keeps the buffer alive. */
export function addressOf(buffer: Uint8Array): bigint {
  return load()!.koffi.address(buffer);
}

function load(): NonNullable<typeof loaded> | undefined {
  if (loaded === null) {
    try {
      loaded = unstoppable(() => {
        const koffi = requireKoffi();
        return { koffi, library: koffi.load(null) };
      });
    } catch {
      loaded = undefined;
    }
  }
  return loaded ?? undefined;
}

/** The binary itself where it is in its usual place: koffi's own search for it takes as long as half of the start of a Node. */
function requireKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  try {
    return require(`@koromix/koffi-linux-${process.arch}/${isMusl() ? "musl" : "linux"}_${process.arch}/koffi.node`) as Koffi;
  } catch {
    return require("koffi") as Koffi; // another layout of the packages
  }
}

/**
 * Whether this process has musl's loader in it, as on Alpine. To try the other binary first would not do: musl takes itself for the
 * glibc that it names, and some machines have the rest of what it wants.
 */
function isMusl(): boolean {
  return (existsSync("/lib/ld-musl-x86_64.so.1") || existsSync("/lib/ld-musl-aarch64.so.1")) && readFileSync("/proc/self/maps", "latin1").includes("/ld-musl-");
}
