import type { Command, Measured } from "../measure/run-measured.ts";
import type { Peer } from "../peers/peer.ts";
import type { Workspace } from "../setup/workspace.ts";

/** What rows work with. */
export interface Bench {
  readonly workspace: Workspace;
  /** `host:port` of the registry that everything is pushed to. */
  readonly registry: string;
  /** `host:port` of another registry, to copy to. */
  readonly otherRegistry: string;
  readonly peers: readonly Peer[];
  /** Measures commands of a peer under the name of a step, this round. */
  measure(peer: Peer, step: string, commands: readonly Command[]): Promise<Measured>;
  /** Runs commands that are not measured. */
  prepare(commands: readonly Command[]): Promise<void>;
  /** Keeps something until the bench ends. */
  own(thing: AsyncDisposable): void;
  /** Ends everything that runs. */
  readonly signal: AbortSignal;
  /** Prints a line about what goes on. */
  say(text: string): void;
}

/** Some measurements that belong together. */
export interface Row {
  readonly name: string;
  readonly about: string;
  /** Steps in the order of the table. */
  readonly steps: readonly string[];
  /** Done once. @throws Error whose message says why the row is left out */
  set(bench: Bench): Promise<(round: number) => Promise<void>>;
}
