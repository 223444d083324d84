import * as v from "valibot";
import { file, oneOrMore, repositories } from "./values.ts";

const rule = v.pipe(
  v.strictObject({
    repositories: v.pipe(oneOrMore(repositories), v.description("The repositories that serve only what is signed: `prod/**`")),
    keys: v.pipe(v.optional(oneOrMore(file)), v.description("Files of public keys in PEM, or keys themselves; a signature of one of them is enough")),
    any: v.pipe(v.optional(v.literal(true, "it may only be true")), v.description("In place of `keys`: a signature of whomever, which nobody checks. It says that whoever has the right to sign here has signed")),
  }),
  v.check(({ keys, any }) => (keys === undefined) !== (any === undefined), "it needs either keys or any: true"),
);

/** What has to be signed before it is served. */
export const signaturesSection = v.pipe(
  v.array(rule),
  v.description("Repositories that serve only images with a signature of cosign; who may push or sign there gets everything. Every rule that covers a repository has to be met"),
);

export type SignatureRule = v.InferOutput<typeof rule>;
