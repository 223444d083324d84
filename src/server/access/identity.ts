import type { SecretScope } from "../storage/secrets.ts";

/** Who asks. Names are what a login proved; groups are those that the configuration or the directory gives. `provided`: an identity provider said it, and cannot be asked after them again. */
export type Identity =
  | { readonly kind: "anonymous" }
  | { readonly kind: "user"; readonly name: string; readonly groups: readonly string[]; readonly secret?: UsedSecret; readonly provided?: true }
  | { readonly kind: "robot"; readonly name: string; readonly groups: readonly string[]; readonly secret?: UsedSecret };

/** The robot's secret or the personal token that was the password. */
export interface UsedSecret {
  readonly id: number;
  /** What a robot may do besides its grants; what a user with a personal token may do at most. */
  readonly scope: SecretScope | undefined;
}

export const ANONYMOUS: Identity = { kind: "anonymous" };

/** As messages and the audit log call it: `anonymous`, `alice`, `robot$ci`. */
export function nameOf(identity: Identity): string {
  if (identity.kind === "anonymous") return "anonymous";
  return identity.kind === "robot" ? `robot$${identity.name}` : identity.name;
}
