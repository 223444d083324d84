import type { NestedNamespace } from "../linux/nested-namespace.ts";
import { takeZygoteAhead } from "./zygote-ahead.ts";
import type { Sandbox } from "./sandbox.ts";
import { CAN_COPY, SandboxZygote, type ZygoteOptions } from "./sandbox-zygote.ts";
import { spawnSandbox } from "./spawn-sandbox.ts";

/** Sandbox children of one kind, in one user namespace: those that stand ready for the next commands, and what makes further ones. */
export class SandboxStock implements AsyncDisposable {
  readonly #kind: "sandbox" | "oci";
  readonly #namespace: NestedNamespace | undefined;
  readonly #zygoteOptions: ZygoteOptions;
  readonly #idle: Promise<Sandbox>[] = [];
  #zygote: SandboxZygote | undefined;
  #closed = false;

  /** @param options.namespace belongs to the stock from now on */
  constructor({ kind, zygote, namespace }: { readonly kind: "sandbox" | "oci"; readonly zygote: ZygoteOptions; readonly namespace?: NestedNamespace }) {
    this.#kind = kind;
    this.#zygoteOptions = zygote;
    this.#namespace = namespace;
  }

  /** Brings those that stand ready to that number. @param followed how many may be wanted in all */
  warm(count: number, followed: number): void {
    if (this.#closed) return;
    if (count > 0 && this.#kind === "sandbox" && !this.#namespace) this.#zygote ??= takeZygoteAhead();
    if (CAN_COPY && followed > 1 && this.#kind === "sandbox") this.#zygote ??= new SandboxZygote(this.#zygoteOptions, this.#namespace);
    while (this.#idle.length > count) void this.#idle.pop()!.then((sandbox) => sandbox.destroy(), () => undefined);
    while (this.#idle.length < count) this.#startAhead();
  }

  /** One that stands ready, or else a new one. */
  take({ piped, init }: { readonly piped: boolean; readonly init: boolean }): Promise<Sandbox> {
    if (piped || init) return Promise.resolve(spawnSandbox(piped ? "pipe" : "null", { kind: this.#kind, namespace: this.#namespace, init }));
    return this.#idle.shift() ?? this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#zygote?.close();
    const idle = await Promise.allSettled(this.#idle.splice(0));
    const started = idle.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    for (const sandbox of started) {
      sandbox.claim();
      sandbox.destroy();
    }
    await Promise.allSettled(started.map(({ ended }) => ended));
    await this.#namespace?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<Sandbox> {
    try {
      if (this.#zygote) return await this.#zygote.fork();
    } catch (error) {
      if (this.#closed) throw error;
      // One that is started by itself works where copies do not, or tells why none can.
    }
    return spawnSandbox("null", { kind: this.#kind, namespace: this.#namespace });
  }

  #startAhead(): void {
    const starting = this.#start();
    this.#idle.push(starting);
    const forget = (): void => {
      const at = this.#idle.indexOf(starting);
      if (at >= 0) this.#idle.splice(at, 1);
    };
    starting.then(({ ended }) => ended.then(forget, forget), forget);
  }
}
