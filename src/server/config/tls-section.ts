import * as v from "valibot";
import { file } from "./values.ts";

/** Encryption, and clients that show certificates. */
export const tlsSection = v.pipe(
  v.strictObject({
    certificate: v.pipe(file, v.description("File of the certificate in PEM, with those between it and its authority; read again when it changes, without cutting a connection")),
    key: v.pipe(file, v.description("File of its private key in PEM")),
    clients: v.pipe(v.optional(file), v.description("File of authorities in PEM: only clients with a certificate of one of them are let in. Its common name (CN) is the user, where no other login is shown")),
  }),
  v.description("HTTPS, from TLS 1.2 on. Without this section it is plain HTTP"),
);
