// promptfoo: one prompt, one provider, one model-graded assertion a case.
const apiBaseUrl = process.env.BENCH_URL;
const provider = (model) => ({ id: `openai:chat:${model}`, config: { apiBaseUrl, apiKey: "bench" } });
const cases = [...Array(Number(process.env.BENCH_TESTS)).keys()];

module.exports = {
  prompts: ["Question {{i}}: how do I get a refund?"],
  providers: [provider("bench")],
  defaultTest: {
    assert: [{ type: "llm-rubric", value: "answers the question", provider: provider("judge") }],
  },
  tests: cases.map((i) => ({ vars: { i: String(i) } })),
};
