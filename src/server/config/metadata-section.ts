import * as v from "valibot";
import { addressProblem } from "../terms/database-url.ts";
import { file, positive } from "./values.ts";

const postgres = v.pipe(
  v.strictObject({
    url: v.pipe(
      v.string("it is no text"),
      v.rawCheck(({ dataset, addIssue }) => {
        const problem = dataset.typed ? addressProblem(dataset.value) : undefined;
        if (problem !== undefined) addIssue({ message: problem });
      }),
      v.description("Where it is: `postgres://USER@HOST/DATABASE`, or `postgres:///DATABASE?host=/run/postgresql` for a socket. Its parameters are those of libpq: host, port, user, sslmode (disable, require, verify-ca, verify-full), sslrootcert, sslcert, sslkey. Without `sslmode` another machine has to prove who it is (verify-full)"),
    ),
    passwordFile: v.pipe(v.optional(file), v.description("File with the password, read again for each connection; by default the one of the URL, else PGPASSWORD of the environment")),
    connections: v.pipe(v.optional(v.pipe(positive, v.minValue(4, "it is below 4"), v.maxValue(1000, "it is above 1000")), 10), v.description("Connections at once of one server, at most")),
  }),
  v.description("Records in a PostgreSQL database (13 or newer), which servers of several machines share. They get a schema `sampan_registry` of their own there"),
);

/** Where the records are kept. */
export const metadataSection = v.pipe(
  v.strictObject({ postgres: v.optional(postgres) }),
  v.description("Where the records are kept: repositories, tags, manifests, robots, the log of changes. Without it in `registry.db` of the registry's folder"),
);

export type PostgresConfig = v.InferOutput<typeof postgres>;
