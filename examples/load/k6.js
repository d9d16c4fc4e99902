// Streams of chat completions at a constant rate: k6 run -e URL=http://llm-intercept -e RATE=50 examples/load/k6.js
// k6 reads a stream to its end: http_req_waiting is the time to the first byte, http_req_receiving that of the tokens.
import http from "k6/http";
import { check } from "k6";

export const options = {
  scenarios: {
    asking: {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE || 10),
      timeUnit: "1s",
      duration: __ENV.DURATION || "1m",
      preAllocatedVUs: 200,
      maxVUs: 2000,
    },
  },
  thresholds: { checks: ["rate>0.999"] },
};

export default function () {
  const question = `question ${__VU} ${__ITER}`;
  const body = { model: "gpt-4o", stream: true, messages: [{ role: "user", content: question }] };
  const answer = http.post(`${__ENV.URL}/v1/chat/completions`, JSON.stringify(body), {
    headers: { "content-type": "application/json" },
  });
  check(answer, {
    "is answered": (one) => one.status === 200,
    "is complete": (one) => one.body.trimEnd().endsWith("data: [DONE]"),
  });
}
