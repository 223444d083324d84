import * as v from "valibot";
import { accessSection } from "./access-section.ts";
import { auditSection } from "./audit-section.ts";
import { gcSection } from "./gc-section.ts";
import { internalRedirectSection } from "./internal-redirect-section.ts";
import { limitsSection } from "./limits-section.ts";
import { logSection, metricsSection } from "./notify-sections.ts";
import { metadataSection } from "./metadata-section.ts";
import { proxySection } from "./proxy-section.ts";
import { quotaSection } from "./quota-section.ts";
import { replicationSection } from "./replication-section.ts";
import { immutableSection, retentionSection } from "./retention-section.ts";
import { signaturesSection } from "./signatures-section.ts";
import { storageSection } from "./storage-section.ts";
import { tlsSection } from "./tls-section.ts";
import { tokenSection } from "./token-section.ts";
import { httpUrl, network } from "./values.ts";
import { webhooksSection } from "./webhooks-section.ts";

/** Everything that a configuration file may say; docs/registry/configuration.md is generated from it. */
export const configSchema = v.strictObject({
  externalUrl: v.pipe(v.optional(httpUrl), v.description("The address that clients use, where a proxy stands in front; by default the one of each request")),
  trustedProxies: v.pipe(v.optional(v.array(network), []), v.description("Addresses or networks (`10.0.0.0/8`) of proxies in front that are believed: X-Forwarded-For says whose a request is (log, limits of logins), X-Forwarded-Proto and X-Forwarded-Host what clients call this server")),
  internalRedirect: v.optional(internalRedirectSection),
  tls: v.optional(tlsSection),
  access: v.optional(accessSection),
  token: v.optional(tokenSection, {}),
  storage: v.optional(storageSection, {}),
  metadata: v.optional(metadataSection, {}),
  audit: v.optional(auditSection, {}),
  gc: v.optional(gcSection, {}),
  retention: v.optional(retentionSection, {}),
  immutable: v.optional(immutableSection, []),
  signatures: v.optional(signaturesSection, []),
  quota: v.optional(quotaSection, []),
  proxy: v.optional(proxySection, []),
  replication: v.optional(replicationSection, []),
  limits: v.optional(limitsSection, {}),
  metrics: v.optional(metricsSection, {}),
  log: v.optional(logSection, {}),
  webhooks: v.optional(webhooksSection, []),
});

export type ServerConfig = v.InferOutput<typeof configSchema>;
