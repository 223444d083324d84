import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";

/** No colon, blank or dollar: such a name could not be granted anything, or be taken for a robot's. */
const NAME = /^[!-#%-9;-~]{1,255}$/;

/** The common name of the certificate that the client has shown, and that an authority of clients vouches for. */
export function certificateName({ socket }: Pick<IncomingMessage, "socket">): string | undefined {
  const secure = socket as TLSSocket;
  if (secure.encrypted !== true || !secure.authorized) return undefined;
  const names: unknown = (secure.getPeerCertificate().subject as { CN?: unknown } | undefined)?.CN; // a list where there are several
  return typeof names === "string" && NAME.test(names) ? names : undefined;
}
