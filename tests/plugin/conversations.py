"""Applications as people write them: each asks one question with a client of its own, and says all that it was given.

``talk(question)`` returns JSON text. None of them knows of us.
"""

from __future__ import annotations

HTTPX = {
    "sync": """
import json
import httpx

def talk(question):
    body = {"model": "m", "messages": [{"role": "user", "content": question}]}
    reply = httpx.post(URL + "/chat/completions", json=body, headers={"Authorization": "Bearer " + KEY})
    return json.dumps([reply.status_code, reply.headers["content-type"], reply.text])
""",
    "async": """
import asyncio, json
import httpx

async def ask(client, question):
    body = {"model": "m", "messages": [{"role": "user", "content": question}]}
    return (await client.post("/chat/completions", json=body)).text

def talk(question):
    async def main():
        async with httpx.AsyncClient(base_url=URL, headers={"Authorization": "Bearer " + KEY}) as client:
            return await asyncio.gather(*[ask(client, f"{question} {number}") for number in range(4)])
    return json.dumps(asyncio.run(main()))
""",
    "streamed": """
import json
import httpx

def talk(question):
    body = {"model": "m", "messages": [{"role": "user", "content": question}], "stream": True}
    headers = {"Authorization": "Bearer " + KEY}
    with httpx.stream("POST", URL + "/chat/completions", json=body, headers=headers) as reply:
        return json.dumps(list(reply.iter_lines()))
""",
    "async-streamed": """
import asyncio, json
import httpx

def talk(question):
    async def main():
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": question}], "stream": True}
        async with httpx.AsyncClient() as client:
            async with client.stream("POST", URL + "/messages", json=body, headers={"x-api-key": KEY}) as reply:
                return [part async for part in reply.aiter_text()]
    return json.dumps("".join(asyncio.run(main())))
""",
    "imported-late": """
def talk(question):
    import httpx
    seen = []
    asks, gets = lambda request: seen.append(request.method), lambda reply: seen.append(reply.status_code)
    hooks = {"request": [asks], "response": [gets]}
    with httpx.Client(base_url=URL, event_hooks=hooks) as client:
        return client.post("/embeddings", json={"model": "m", "input": [question, "b"]}).text + str(seen)
""",
}

OPENAI = {
    "sync": """
import openai
CLIENT = openai.OpenAI(api_key=KEY, base_url=URL)

def talk(question):
    messages = [{"role": "user", "content": question}]
    return CLIENT.chat.completions.create(model="m", messages=messages, temperature=0.2).model_dump_json()
""",
    "async": """
import asyncio
import openai

def talk(question):
    async def main():
        async with openai.AsyncOpenAI(api_key=KEY, base_url=URL) as client:
            reply = await client.responses.create(model="m", input=question, instructions="Be brief.")
            return reply.model_dump_json()
    return asyncio.run(main())
""",
    "streamed": """
import json
import openai

def talk(question):
    client = openai.OpenAI(api_key=KEY, base_url=URL)
    messages = [{"role": "user", "content": question}]
    options = {"include_usage": True}
    stream = client.chat.completions.create(model="m", messages=messages, stream=True, stream_options=options)
    return json.dumps([chunk.model_dump() for chunk in stream])
""",
    "async-streamed": """
import asyncio, json
import openai

def talk(question):
    async def main():
        async with openai.AsyncOpenAI(api_key=KEY, base_url=URL) as client:
            stream = await client.responses.create(model="m", input=question, stream=True)
            return [event.model_dump(mode="json") async for event in stream]
    return json.dumps(asyncio.run(main()))
""",
    "over-aiohttp": """
import asyncio
import openai

def talk(question):
    async def main():
        http = openai.DefaultAioHttpClient()
        async with openai.AsyncOpenAI(api_key=KEY, base_url=URL, http_client=http) as client:
            messages = [{"role": "user", "content": question}]
            return (await client.chat.completions.create(model="m", messages=messages)).model_dump_json()
    return asyncio.run(main())
""",
    "embeddings": """
import openai

def talk(question):
    client = openai.OpenAI(api_key=KEY, base_url=URL)
    return client.embeddings.create(model="m", input=[question, "b"], encoding_format="float").model_dump_json()
""",
}

ANTHROPIC = {
    "sync": """
import anthropic

def talk(question):
    client = anthropic.Anthropic(api_key=KEY, base_url=URL.removesuffix("/v1"))
    messages = [{"role": "user", "content": question}]
    return client.messages.create(model="m", max_tokens=9, system="Be brief.", messages=messages).model_dump_json()
""",
    "streamed": """
import json
import anthropic

def talk(question):
    client = anthropic.Anthropic(api_key=KEY, base_url=URL.removesuffix("/v1"))
    with client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": question}]) as stream:
        words = list(stream.text_stream)
        return json.dumps([words, stream.get_final_message().model_dump(mode="json")])
""",
    "async-streamed": """
import asyncio, json
import anthropic

def talk(question):
    async def main():
        async with anthropic.AsyncAnthropic(api_key=KEY, base_url=URL.removesuffix("/v1")) as client:
            messages = [{"role": "user", "content": question}]
            stream = await client.messages.create(model="m", max_tokens=9, messages=messages, stream=True)
            return [event.model_dump(mode="json") async for event in stream]
    return json.dumps(asyncio.run(main()))
""",
}

LITELLM = {
    "sync": """
import os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

def talk(question):
    messages = [{"role": "user", "content": question}]
    reply = litellm.completion(model="openai/m", api_base=URL, api_key=KEY, messages=messages)
    return reply.choices[0].message.model_dump_json()
""",
    "async": """
import asyncio, os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

def talk(question):
    messages = [{"role": "user", "content": question}]
    reply = asyncio.run(litellm.acompletion(model="openai/m", api_base=URL, api_key=KEY, messages=messages))
    return reply.choices[0].message.model_dump_json()
""",
    "anthropic-async": """
import asyncio, os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

def talk(question):
    base = URL + "/messages"
    messages = [{"role": "user", "content": question}]
    reply = asyncio.run(litellm.acompletion(model="anthropic/m", api_base=base, api_key=KEY, messages=messages))
    return reply.choices[0].message.model_dump_json()
""",
    "streamed": """
import json, os
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

def talk(question):
    messages = [{"role": "user", "content": question}]
    stream = litellm.completion(model="openai/m", api_base=URL, api_key=KEY, messages=messages, stream=True)
    return json.dumps([chunk.choices[0].delta.content for chunk in stream])
""",
}
