import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { SessionAnswer } from "../../src/server/api/answers.ts";

const nobody: SessionAnswer = { kind: "anonymous", groups: [], logins: false, host: location.host, version: "" };

export const SessionContext = createContext<SessionAnswer>(nobody);

export function useSession(): SessionAnswer {
  return useContext(SessionContext);
}
