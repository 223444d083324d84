import * as v from "valibot";
import { file, word } from "./values.ts";

/** Figures for Prometheus. */
export const metricsSection = v.pipe(
  v.strictObject({
    listen: v.pipe(v.optional(word), v.description("`HOST:PORT` of a listener of its own (plain HTTP) for `/metrics`, `/healthz` and `/readyz`. Without it the registry's own port gives metrics to this machine only, and to nobody with `externalUrl`")),
  }),
  v.description("Figures for Prometheus"),
);

/** The log of requests. */
export const logSection = v.pipe(
  v.strictObject({
    requests: v.pipe(v.optional(v.boolean("it is neither true nor false"), false), v.description("Whether each request is logged as a line of JSON")),
    file: v.pipe(v.optional(file), v.description("File that lines are added to; standard error by default")),
  }),
  v.description("The log of requests"),
);
