import type { AccessControl, Caller } from "./access-control.ts";
import { ANONYMOUS } from "./identity.ts";

const anybody: Caller = { identity: ANONYMOUS, may: () => true, could: () => true, sees: () => true, seesAll: true, demand: () => undefined };

/** Everybody may do everything. */
export const openAccess: AccessControl = { caller: async () => anybody, tokenEndpoint: undefined, sessions: undefined };
