"""The hosts that are asked: those of our own data, those of litellm's table, and a list made by hand.

The list by hand is what is looked for, whoever knows it: what our data lacks is found by it.
"""

from __future__ import annotations

import ast
import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.known_hosts import HOSTS, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED = """
    api.openai.com API.OPENAI.COM api.openai.com. eu.api.openai.com us.api.openai.com mtls.api.openai.com
    api.anthropic.com mine.openai.azure.com mine.openai.azure.cn mine.openai.azure.us
    mine.services.ai.azure.com mine.services.ai.azure.us mine.cognitiveservices.azure.com mine.cognitiveservices.azure.us
    mine.cognitiveservices.azure.cn eastus.api.cognitive.microsoft.com mine.eastus2.models.ai.azure.com
    mine.inference.ai.azure.com mine.eastus.inference.ml.azure.com models.inference.ai.azure.com
    bedrock-runtime.us-east-1.amazonaws.com bedrock-runtime-fips.us-east-1.amazonaws.com
    bedrock-runtime.us-east-1.api.aws bedrock-runtime.cn-north-1.amazonaws.com.cn
    bedrock-agent-runtime.us-west-2.amazonaws.com bedrock-mantle.us-east-1.api.aws
    aws-external-anthropic.us-east-1.api.aws runtime.sagemaker.eu-west-1.amazonaws.com
    vpce-0a1b2c-3d4e.bedrock-runtime.us-east-1.vpce.amazonaws.com
    generativelanguage.googleapis.com generativelanguage.mtls.googleapis.com aiplatform.googleapis.com
    us-central1-aiplatform.googleapis.com aiplatform.us.rep.googleapis.com aiplatform.eu.rep.googleapis.com
    us-central1-aiplatform.mtls.googleapis.com 1234.us-central1-77.prediction.vertexai.goog claude.googleapis.com
    discoveryengine.googleapis.com us-discoveryengine.googleapis.com texttospeech.googleapis.com
    speech.googleapis.com us-central1-speech.googleapis.com eu-aiplatform.p.googleapis.com
    api.githubcopilot.com api.business.githubcopilot.com api.individual.githubcopilot.com
    api.enterprise.githubcopilot.com models.github.ai copilot-proxy.githubusercontent.com
    api.mistral.ai codestral.mistral.ai api.eu.mistral.ai api.cohere.com api.cohere.ai api.x.ai eu-west-1.api.x.ai
    us-east-1.api.x.ai api.groq.com api.deepseek.com api.perplexity.ai api.ai21.com api.nova.amazon.com
    api.together.ai api.together.xyz api.fireworks.ai api.deepinfra.com api.cerebras.ai api.sambanova.ai
    api.replicate.com api.lambda.ai api.hyperbolic.xyz api.novita.ai api.studio.nebius.com api.studio.nebius.ai
    api.tokenfactory.nebius.com api.featherless.ai llm.chutes.ai api.venice.ai inference.baseten.co
    model-abc.api.baseten.co api-inference.huggingface.co router.huggingface.co
    abc.us-east-1.aws.endpoints.huggingface.cloud api.runpod.ai api.parasail.io api.targon.com api.kluster.ai
    api.inference.net api.gmi-serving.com api.totalgpt.ai api.arliai.com text.octoai.run serving.app.predibase.com
    inference.do-ai.run us.inference.heroku.com eu.inference.heroku.com api.inference.crusoecloud.com
    inference.api.nscale.com api.scaleway.ai abc.ifr.fr-par.scaleway.com api.inference.wandb.ai api.aleph-alpha.com
    api.nlpcloud.io api.writer.com api.reka.ai api.upstage.ai api.sarvam.ai api.llama.com llama-api.meta.com
    api.liquid.ai api.inceptionlabs.ai api.morphllm.com instantapply.endpoint.relace.run fal.run queue.fal.run
    integrate.api.nvidia.com ai.api.nvidia.com abc.invocation.api.nvcf.nvidia.com api.friendli.ai mine.friendli.ai
    api.moonshot.ai api.moonshot.cn api.kimi.com api.minimax.io api.minimaxi.com api.minimax.chat api.siliconflow.cn
    api.siliconflow.com api.stepfun.com api.lingyiwanwu.com api.baichuan-ai.com cloud.infini-ai.com api.ppinfra.com
    api.xiaomimimo.com open.bigmodel.cn api.z.ai qianfan.baidubce.com aip.baidubce.com dashscope.aliyuncs.com
    dashscope-intl.aliyuncs.com dashscope-us.aliyuncs.com mine.eu-central-1.maas.aliyuncs.com
    api-inference.modelscope.cn hunyuan.tencentcloudapi.com api.hunyuan.cloud.tencent.com
    api.lkeap.cloud.tencent.com spark-api-open.xf-yun.com ark.cn-beijing.volces.com
    ark.ap-southeast.bytepluses.com llm.api.cloud.yandex.net gigachat.devices.sberbank.ru
    clovastudio.stream.ntruss.com openrouter.ai ai-gateway.vercel.sh ai-gateway.helicone.ai oai.helicone.ai
    gateway.ai.cloudflare.com api.portkey.ai router.requesty.ai api.unify.ai api.withmartian.com api.edenai.run
    api.openpipe.ai gateway.braintrust.dev api.langdock.com api.poe.com api.v0.dev api.cline.bot llm.zed.dev
    api.aimlapi.com api.llmgateway.io api.voyageai.com ai.mongodb.com api.jina.ai deepsearch.jina.ai
    api-atlas.nomic.ai api.mixedbread.ai api.mixedbread.com api.contextual.ai api.vectara.io
    api.elevenlabs.io api.us.elevenlabs.io api.deepgram.com agent.deepgram.com api.eu.deepgram.com
    api.assemblyai.com streaming.assemblyai.com api.cartesia.ai api.play.ht api.hume.ai api.gladia.io api.rev.ai
    api.lmnt.com users.rime.ai api.murf.ai api.inworld.ai api.stability.ai api.bfl.ai api.eu.bfl.ai
    api.dev.runwayml.com api.lumalabs.ai api.ideogram.ai cloud.leonardo.ai api.leonardo.ai external.api.recraft.ai api.recraft.ai api.nscale.com
    api.klingai.com api.heygen.com api.d-id.com us-south.ml.cloud.ibm.com ca-tor.ml.cloud.ibm.com
    inference.generativeai.us-chicago-1.oci.oraclecloud.com agent-runtime.generativeai.eu-frankfurt-1.oci.oraclecloud.com
    api.ai.prod.eu-central-1.aws.ml.hana.ondemand.com oai.endpoints.kepler.ai.cloud.ovh.net
    mine.lepton.run api.endpoints.anyscale.com neuro.mancer.tech api2.cursor.sh
    api.twelvelabs.io api.arcee.ai api.galadriel.ai api.infermatic.ai api.meganova.ai api.nomic.ai
    eastus.tts.speech.microsoft.com westus.stt.speech.microsoft.com
    api.speechify.ai api.sws.speechify.com api.fish.audio waves-api.smallest.ai
    f.cluster.resemble.ai api.vidu.com api.tripo3d.ai api.krea.ai api.hedra.com
    api.synthesia.io api.sync.so api.stima.tech api.302.ai api.chatanywhere.tech api.ohmygpt.com
    api.cortex.cerebrium.ai api.intelligence.io.solutions api.redpill.ai api.akashml.com cloud-api.near.ai
    inference.tinfoil.sh api.atlascloud.ai api.clarifai.com
"""
"""Names that the providers' references have; of those that users name, one."""
MINE = "mine"
PLACED = (
    ("1234.8.gcp.databricks.com", "/serving-endpoints/chat/completions"),
    ("adb-7405.5.azuredatabricks.net", "/serving-endpoints/chat/completions"),
    ("mine.cloud.databricks.com", "/serving-endpoints/chat/completions"),
    ("mine.cloud.databricks.com", "/serving-endpoints/llama/invocations"),
    ("mine.snowflakecomputing.com", "/api/v2/cortex/v1/chat/completions"),
    ("mine.snowflakecomputing.com", "/api/v2/cortex/inference:complete"),
    ("api.cloudflare.com", "/client/v4/accounts/a/ai/v1/chat/completions"),
    ("api.cloudflare.com", "/client/v4/accounts/a/ai/run/@cf/meta/llama"),
    ("pinstripes.io", "/v1/chat/completions"),
    ("chatgpt.com", "/backend-api/codex/responses"),
    ("nano-gpt.com", "/api/v1/chat/completions"),
    ("ollama.com", "/api/chat"),
    ("ollama.com", "/v1/chat/completions"),
    ("huggingface.co", "/api/inference-proxy/together/v1/chat/completions"),
    ("opencode.ai", "/zen/v1/chat/completions"),
    ("kilocode.ai", "/api/openrouter/chat/completions"),
    ("glhf.chat", "/api/openai/v1/chat/completions"),
    ("app.empower.dev", "/api/v1/chat/completions"),
    ("app.openpipe.ai", "/api/v1/chat/completions"),
    ("app.datarobot.com", "/api/v2/genai/llmgw/chat/completions"),
    ("api.braintrust.dev", "/v1/proxy/chat/completions"),
)
"""Hosts that serve much else, with a path of theirs that asks a model: their name alone says nothing."""


def hosts() -> list[str]:
    """List the hosts that serve models and little else, each once, in an order that stays."""
    ours = {*HOSTS, *(f"{MINE}{end}" for end in SUFFIXES)}
    return sorted({*ours, *LISTED.split(), *litellms()} - {host for host, _ in places()} - NOT_MODELS)


def places() -> tuple[tuple[str, str], ...]:
    """List the hosts that serve much else, with a path that asks a model."""
    return PLACED


def litellms() -> set[str]:
    """Return the hosts of litellm's table of providers, whose code is read and not run; none without litellm."""
    found = find_spec("litellm")
    if found is None or found.origin is None:
        return set()
    folder = Path(found.origin).parent
    table = json.loads((folder / "llms/openai_like/providers.json").read_text())
    urls = [one["base_url"] for one in table.values() if "base_url" in one]
    urls += _texts(folder / "constants.py", "openai_compatible_endpoints")
    names = {urlsplit(url if "//" in url else f"//{url}").hostname or "" for url in urls}
    return {name for name in names if "." in name and name[0].isalpha() and "{" not in name}


def _texts(file: Path, name: str) -> Iterator[str]:
    """Give the texts in what a module assigns to a name."""
    for node in ast.walk(ast.parse(file.read_text())):
        assigned = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(assigned, ast.Name) and assigned.id == name and node.value is not None:
            yield from (
                one.value
                for one in ast.walk(node.value)
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


NOT_MODELS: frozenset[str] = frozenset()
"""What a table of providers names that serves no model."""
