"""Models of the true architectures with random weights: a megabyte each, built in a moment."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from tests.built_once import built_once
from tests.diffusion import tiny_text as text

Build = Callable[[str], Path]
"""From the name of a model to its folder."""

OPENCLIP_WIDTH = 48


def autoencoder(latent_channels: int = 4, **changes: Any) -> diffusers.AutoencoderKL:
    """Four blocks, so that a latent cell is 8 × 8 pixels as in the true ones."""
    return diffusers.AutoencoderKL(
        block_out_channels=[8, 8, 16, 16],
        in_channels=3,
        out_channels=3,
        down_block_types=["DownEncoderBlock2D"] * 4,
        up_block_types=["UpDecoderBlock2D"] * 4,
        latent_channels=latent_channels,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
        **changes,
    )


def flow_autoencoder(latent_channels: int) -> diffusers.AutoencoderKL:
    return autoencoder(
        latent_channels,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0609,
        scaling_factor=1.5035,
    )


def unet(channels: int, **changes: Any) -> diffusers.UNet2DConditionModel:
    values = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "sample_size": 8,
        "in_channels": channels,
        "out_channels": 4,
        "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
    }
    return diffusers.UNet2DConditionModel(**values | changes)


def sd15(folder: Path, channels: int = 4) -> None:
    kind = (
        diffusers.StableDiffusionPipeline
        if channels == 4
        else diffusers.StableDiffusionInpaintPipeline
    )
    kind(
        vae=autoencoder(),
        text_encoder=text.clip_encoder(),
        tokenizer=text.clip_tokenizer(),
        unet=unet(channels),
        scheduler=diffusers.PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            steps_offset=1,
            skip_prk_steps=True,
            set_alpha_to_one=False,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)


def sdxl_unet(channels: int, *, refiner: bool = False) -> diffusers.UNet2DConditionModel:
    return unet(
        channels,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 2),
        projection_class_embeddings_input_dim=8 * (5 if refiner else 6) + OPENCLIP_WIDTH,
        cross_attention_dim=OPENCLIP_WIDTH if refiner else 32 + OPENCLIP_WIDTH,
    )


def openclip_encoder() -> transformers.CLIPTextModelWithProjection:
    """SDXL's second encoder is wider than its first, which is how a single file tells them."""
    return text.clip_encoder_with_projection(
        hidden_act="gelu", hidden_size=OPENCLIP_WIDTH, projection_dim=OPENCLIP_WIDTH
    )


def sdxl_scheduler() -> diffusers.EulerDiscreteScheduler:
    return diffusers.EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        steps_offset=1,
        beta_schedule="scaled_linear",
        timestep_spacing="leading",
    )


def sdxl(folder: Path, channels: int = 4) -> None:
    kind = (
        diffusers.StableDiffusionXLPipeline
        if channels == 4
        else diffusers.StableDiffusionXLInpaintPipeline
    )
    kind(
        vae=autoencoder(scaling_factor=0.13025),
        text_encoder=text.clip_encoder(),
        text_encoder_2=openclip_encoder(),
        tokenizer=text.clip_tokenizer(),
        tokenizer_2=text.clip_tokenizer(),
        unet=sdxl_unet(channels),
        scheduler=sdxl_scheduler(),
    ).save_pretrained(folder)


def sdxl_refiner(folder: Path) -> None:
    diffusers.StableDiffusionXLImg2ImgPipeline(
        vae=autoencoder(scaling_factor=0.13025),
        text_encoder=None,
        text_encoder_2=openclip_encoder(),
        tokenizer=None,
        tokenizer_2=text.clip_tokenizer(),
        unet=sdxl_unet(4, refiner=True),
        scheduler=sdxl_scheduler(),
        requires_aesthetics_score=True,
        force_zeros_for_empty_prompt=False,
    ).save_pretrained(folder)


def controlnet(folder: Path, **changes: Any) -> None:
    values = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "in_channels": 4,
        "norm_num_groups": 8,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
        "conditioning_embedding_out_channels": (8, 8, 16, 16),
    }
    save_net(diffusers.ControlNetModel(**values | changes), folder)


def save_net(network: Any, folder: Path) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():  # its zero convolutions would make it do nothing
                parameter.normal_(0, 0.05)
    network.save_pretrained(folder)


def union_controlnet(folder: Path, kinds: int = 8) -> None:
    network = diffusers.ControlNetUnionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        norm_num_groups=8,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        conditioning_embedding_out_channels=(8, 8, 16, 16),
        addition_time_embed_dim=8,
        addition_embed_type="text_time",
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        transformer_layers_per_block=(1, 2),
        projection_class_embeddings_input_dim=8 * 6 + OPENCLIP_WIDTH,
        cross_attention_dim=32 + OPENCLIP_WIDTH,
        num_trans_channel=16,
        num_trans_head=2,
        num_proj_channel=16,
        num_control_type=kinds,
    )
    save_net(network, folder)


def flux_controlnet(folder: Path) -> None:
    network = diffusers.FluxControlNetModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=[4, 4, 8],
        num_mode=2,
    )
    save_net(network, folder)


def sd3_controlnet(folder: Path) -> None:
    network = diffusers.SD3ControlNetModel(
        sample_size=8,
        patch_size=1,
        in_channels=16,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=64,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=16,
        extra_conditioning_channels=1,
    )
    save_net(network, folder)


def qwen_controlnet(folder: Path) -> None:
    network = diffusers.QwenImageControlNetModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=3,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
        extra_condition_channels=4,
    )
    save_net(network, folder)


def z_image_controlnet(folder: Path) -> None:
    network = diffusers.ZImageControlNetModel(
        control_layers_places=[0, 1],
        control_refiner_layers_places=[0],
        control_in_dim=2 * 16 + 1,
        add_control_noise_refiner="control_noise_refiner",
        dim=32,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
    )
    save_net(network, folder)


def sdxl_controlnet(folder: Path) -> None:
    controlnet(
        folder,
        attention_head_dim=(2, 4),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 2),
        projection_class_embeddings_input_dim=8 * 6 + OPENCLIP_WIDTH,
        cross_attention_dim=32 + OPENCLIP_WIDTH,
    )


def kandinsky(folder: Path) -> None:
    """The decoder in `folder`, the prior in `folder`-prior."""
    decoder = unet(
        9,
        out_channels=8,
        addition_embed_type="image",
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        encoder_hid_dim=32,
        encoder_hid_dim_type="image_proj",
        attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
        class_embed_type=None,
    )
    movq = diffusers.VQModel(
        block_out_channels=[32, 32, 32, 32],
        down_block_types=["DownEncoderBlock2D"] * 3 + ["AttnDownEncoderBlock2D"],
        in_channels=3,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        norm_type="spatial",
        num_vq_embeddings=12,
        out_channels=3,
        up_block_types=["AttnUpDecoderBlock2D"] + ["UpDecoderBlock2D"] * 3,
        vq_embed_dim=4,
    )
    prior = diffusers.PriorTransformer(
        num_attention_heads=2, attention_head_dim=12, embedding_dim=32, num_layers=1
    )
    prior.clip_std = torch.nn.Parameter(torch.ones_like(prior.clip_std))
    diffusers.KandinskyV22PriorPipeline(
        prior=prior,
        image_encoder=text.clip_vision(),
        text_encoder=text.clip_encoder_with_projection(),
        tokenizer=text.clip_tokenizer(),
        scheduler=diffusers.UnCLIPScheduler(
            variance_type="fixed_small_log",
            prediction_type="sample",
            num_train_timesteps=1000,
            clip_sample=True,
            clip_sample_range=10.0,
        ),
        image_processor=transformers.CLIPImageProcessor(crop_size=32, size=32),
    ).save_pretrained(f"{folder}-prior")
    diffusers.KandinskyV22InpaintPipeline(
        unet=decoder,
        scheduler=diffusers.DDPMScheduler(
            num_train_timesteps=1000,
            beta_schedule="linear",
            beta_start=0.00085,
            beta_end=0.012,
            clip_sample=False,
            variance_type="learned_range",
            prediction_type="epsilon",
            thresholding=False,
        ),
        movq=movq,
    ).save_pretrained(folder)


def sd3(folder: Path) -> None:
    diffusers.StableDiffusion3Pipeline(
        transformer=diffusers.SD3Transformer2DModel(
            sample_size=8,
            patch_size=1,
            in_channels=16,
            num_layers=2,  # the last one takes nothing of a ControlNet
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=64,
            caption_projection_dim=32,
            pooled_projection_dim=64,
            out_channels=16,
        ),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flow_autoencoder(16),
        text_encoder=text.clip_encoder_with_projection(hidden_act="gelu"),
        tokenizer=text.clip_tokenizer(),
        text_encoder_2=text.clip_encoder_with_projection(hidden_act="gelu"),
        tokenizer_2=text.clip_tokenizer(),
        text_encoder_3=text.t5_encoder(64),
        tokenizer_3=text.t5_tokenizer(),
    ).save_pretrained(folder)


def flux(folder: Path, *, fill: bool = False, kontext: bool = False) -> None:
    packed = 4 * 4
    mask_channels = 8 * 8 * 4
    kind = diffusers.FluxFillPipeline if fill else diffusers.FluxPipeline
    kind = diffusers.FluxKontextPipeline if kontext else kind
    kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=text.clip_encoder(),
        tokenizer=text.clip_tokenizer(),
        text_encoder_2=text.t5_encoder(),
        tokenizer_2=text.t5_tokenizer(),
        transformer=diffusers.FluxTransformer2DModel(
            patch_size=1,
            in_channels=2 * packed + mask_channels if fill else packed,
            out_channels=packed,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=[4, 4, 8],
            guidance_embeds=fill or kontext,
        ),
        vae=flow_autoencoder(4),
    ).save_pretrained(folder)


def flux2_autoencoder() -> diffusers.AutoencoderKLFlux2:
    vae = diffusers.AutoencoderKLFlux2(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_size=64,
    )
    # A trained one has the statistics of latents; the fresh ones would hide a missing step.
    vae.bn.running_mean.uniform_(-0.5, 0.5)
    vae.bn.running_var.uniform_(0.5, 2.0)
    return vae


def flux2_transformer(joint_width: int, *, guided: bool) -> diffusers.Flux2Transformer2DModel:
    return diffusers.Flux2Transformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=joint_width,
        timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=guided,
    )


def klein(folder: Path) -> None:
    tokenizer = text.qwen_tokenizer()
    tokenizer.chat_template = _CHAT_TEMPLATE
    diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flux2_autoencoder(),
        # The pipeline joins three of its layers, the last of which is the 27th.
        text_encoder=text.qwen3_writer(len(tokenizer), layers=28),
        tokenizer=tokenizer,
        transformer=flux2_transformer(3 * 16, guided=False),
    ).save_pretrained(folder)


def chroma(folder: Path) -> None:
    diffusers.ChromaPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flow_autoencoder(4),
        text_encoder=text.t5_encoder(),
        tokenizer=text.t5_tokenizer(),
        transformer=diffusers.ChromaTransformer2DModel(
            patch_size=1,
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=(4, 4, 8),
            approximator_num_channels=8,
            approximator_hidden_dim=16,
            approximator_layers=1,
        ),
    ).save_pretrained(folder)


_CHAT_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def flux2(folder: Path) -> None:
    tokenizer = text.qwen_tokenizer()
    tokenizer.chat_template = _CHAT_TEMPLATE.replace("m.content", "m.content[0].text")
    diffusers.Flux2Pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flux2_autoencoder(),
        text_encoder=text.mistral_writer(len(tokenizer), layers=31),
        tokenizer=tokenizer,
        transformer=flux2_transformer(3 * 16, guided=True),
    ).save_pretrained(folder)


def qwen_image(folder: Path, kind: Any = diffusers.QwenImagePipeline) -> None:
    tokenizer = text.qwen_tokenizer()
    edits = kind is not diffusers.QwenImagePipeline
    more = {"processor": None} if edits else {}
    made = kind(
        transformer=diffusers.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
        ),
        vae=qwen_autoencoder(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=text.qwen_vision_language_encoder(len(tokenizer)),
        tokenizer=tokenizer,
        **more,
    )
    made.save_pretrained(folder)
    if edits:  # by hand: the library's own processor asks for torchvision
        tokenizer.save_pretrained(folder / "processor")
        Qwen2VLImageProcessorPil().save_pretrained(folder / "processor")
        index = json.loads((folder / "model_index.json").read_text())
        index["processor"] = ["transformers", "Qwen2VLProcessor"]
        (folder / "model_index.json").write_text(json.dumps(index))


def qwen_autoencoder() -> diffusers.AutoencoderKLQwenImage:
    return diffusers.AutoencoderKLQwenImage(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.1, -0.1, 0.2, 0.0],
        latents_std=[1.0, 1.5, 0.5, 2.0],
    )


def krea2(folder: Path) -> None:
    tokenizer = text.qwen_tokenizer()
    diffusers.Krea2Pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=qwen_autoencoder(),
        text_encoder=text.qwen3_vision_encoder(len(tokenizer)),
        tokenizer=tokenizer,
        transformer=diffusers.Krea2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=32,
            timestep_embed_dim=16,
            text_hidden_dim=16,
            num_text_layers=2,
            text_num_attention_heads=2,
            text_num_key_value_heads=2,
            text_intermediate_size=16,
            num_layerwise_text_blocks=1,
            num_refiner_text_blocks=1,
            axes_dims_rope=(8, 4, 4),
        ),
        text_encoder_select_layers=(1, 2),
    ).save_pretrained(folder)


def fibo_edit(folder: Path) -> None:
    vae = diffusers.AutoencoderKLWan(
        base_dim=8,
        decoder_base_dim=8,
        z_dim=16,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
        latents_mean=[0.1] * 16,
        latents_std=[1.5] * 16,
    )
    diffusers.BriaFiboEditPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=vae,
        text_encoder=text.smollm3(),
        tokenizer=text.qwen_tokenizer(),
        transformer=diffusers.BriaFiboTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            axes_dims_rope=[4, 4, 8],
            text_encoder_dim=16,
        ),
    ).save_pretrained(folder)


def ovis(folder: Path) -> None:
    tokenizer = text.qwen_tokenizer()
    tokenizer.chat_template = _CHAT_TEMPLATE
    diffusers.OvisImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flow_autoencoder(4),
        text_encoder=text.qwen3_encoder(len(tokenizer)),
        tokenizer=tokenizer,
        transformer=diffusers.OvisImageTransformer2DModel(
            in_channels=16,
            out_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            axes_dims_rope=(4, 4, 8),
        ),
    ).save_pretrained(folder)


def z_image(folder: Path) -> None:
    tokenizer = text.qwen_tokenizer()
    tokenizer.chat_template = _CHAT_TEMPLATE
    transformer = diffusers.ZImageTransformer2DModel(
        all_patch_size=(2,),
        all_f_patch_size=(1,),
        in_channels=16,
        dim=32,
        n_layers=2,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        norm_eps=1e-5,
        qk_norm=True,
        cap_feat_dim=16,
        rope_theta=256.0,
        t_scale=1000.0,
        axes_dims=[8, 4, 4],
        axes_lens=[1024, 32, 32],
    )
    with torch.no_grad():
        transformer.x_pad_token.fill_(1)
        transformer.cap_pad_token.fill_(1)
    diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=flow_autoencoder(16),
        text_encoder=text.qwen3_encoder(len(tokenizer)),
        tokenizer=tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)


BUILDERS = {
    "sd15": lambda folder: sd15(folder, 4),
    "sd15-inpainting": lambda folder: sd15(folder, 9),
    "sdxl": lambda folder: sdxl(folder, 4),
    "sdxl-inpainting": lambda folder: sdxl(folder, 9),
    "sdxl-refiner": sdxl_refiner,
    "kandinsky": kandinsky,
    "sd3": sd3,
    "flux": lambda folder: flux(folder),
    "flux-fill": lambda folder: flux(folder, fill=True),
    "flux-kontext": lambda folder: flux(folder, kontext=True),
    "flux2-klein": klein,
    "chroma": chroma,
    "flux2": flux2,
    "qwen-image": qwen_image,
    "qwen-edit": lambda folder: qwen_image(folder, diffusers.QwenImageEditPipeline),
    "qwen-edit-plus": lambda folder: qwen_image(folder, diffusers.QwenImageEditPlusPipeline),
    "z-image": z_image,
    "krea2": krea2,
    "ovis": ovis,
    "fibo-edit": fibo_edit,
    "controlnet": controlnet,
    "sdxl-controlnet": sdxl_controlnet,
    "sdxl-union-controlnet": union_controlnet,
    "flux-controlnet": flux_controlnet,
    "sd3-controlnet": sd3_controlnet,
    "qwen-controlnet": qwen_controlnet,
    "z-image-controlnet": z_image_controlnet,
}

MODELS = sorted(name for name in BUILDERS if not name.endswith("controlnet"))
"""The names of those that can inpaint."""


SEES_HOLE = {"flux-kontext", "flux2-klein", "flux2", "qwen-edit", "qwen-edit-plus", "fibo-edit"}
"""Those that are shown the picture that they are to edit."""

DRAWS = {"krea2", "ovis"}
"""Those whose pipeline paints whole pictures from a prompt alone."""

EDITS = {"flux2", "qwen-edit-plus", "fibo-edit"}
"""Those of them whose pipeline takes no mask."""


def cell_of(name: str) -> int:
    """Pixels per latent cell and side."""
    return 16 if name.startswith(("flux2", "fibo")) else 8


def copied(name: str, root: Path) -> Path:
    """Lay the model of this name into a folder, where tests may put LoRAs beside it."""
    if not (root / name).exists():
        built = built_once(
            f"tiny-{name}",
            lambda folder: build(name, folder / name),
            sources=[Path(__file__), Path(text.__file__)],
            packages=["diffusers", "torch", "transformers"],
        )
        shutil.copytree(built, root, dirs_exist_ok=True)
    return root / name


def build(name: str, folder: Path, seed: int = 0) -> Path:
    """Write the model of this name; the same seed gives the same weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BUILDERS[name](folder)
    return folder
