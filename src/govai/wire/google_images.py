"""Google's images from a text (Imagen): the texts in a `predict` request; the images of the answer are not looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from govai.core.exchange import Channel, Endpoint, Operation, Part, ReplySlot, ReplyView, RequestView, spell
from govai.wire.google_contents import GoogleWalk
from govai.wire.google_paths import name_with, paths
from govai.wire.google_spelling import both, items, listed, several
from govai.wire.walker import Table, Walk

if TYPE_CHECKING:
    from govai.core.exchange import Path

_IMAGEN = name_with(r"imagen|imagegeneration")  # what else `predict` does is not known


class GoogleImages:
    """POST …/models/imagen-…:predict."""

    name = "google_images"
    like = "google"
    endpoints = tuple(Endpoint("POST", path, Operation.GENERATE) for path in paths("predict", _IMAGEN))
    request_id_headers: tuple[str, ...] = ()

    def read_request(self, body: Any) -> RequestView:
        """Return every place of the request that holds text; ValueError when it is not a request of this format."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        if not body.get("instances"):
            raise ValueError("it has no instances")
        walk = _ImageWalk()
        walk.fields((), body, _TOP)
        prompts = [one.get("prompt") for one in listed(body["instances"]) if isinstance(one, dict)]
        return walk.view({}, [{"role": "user", "content": prompts}])

    def read_reply(self, body: Any) -> ReplyView:
        """Return the texts beside the images: the prompt as it was understood, and why there is none."""
        if not isinstance(body, dict):
            raise ValueError("it is not an object")  # noqa: TRY004 -- one error for what cannot be read
        view = ReplyView([])
        for index, image in enumerate(listed(body.get("predictions"))):
            for key in ("prompt", "raiFilteredReason"):
                text = image.get(key) if isinstance(image, dict) else None
                if isinstance(text, str) and text:
                    channel = Channel(0, Part.REFUSAL, len(view.slots))
                    view.slots.append(ReplySlot(("predictions", index, key), text, channel))
        return view

    def read_event(self, event: Any) -> ReplyView:
        """Return the same of an event; this format has no streams."""
        return self.read_reply(event)


class _ImageWalk(GoogleWalk):
    __slots__ = ()
    settings_table: ClassVar[Table] = both(
        {
            **dict.fromkeys(
                "personGeneration safetySetting aspectRatio addWatermark language outputOptions mimeType includeRaiReason "
                "includeSafetyAttributes enhancePrompt editMode editConfig sampleImageSize mode upscaleConfig upscaleFactor "
                "enhanceInputImage maskMode controlType computeControl subjectType referenceType".split(),
                Walk.settings,
            ),
            **dict.fromkeys(
                "sampleCount seed compressionQuality guidanceScale baseSteps imagePreservationFactor dilation maskClasses "
                "referenceId".split(),
                Walk.number,
            ),
            **dict.fromkeys("negativePrompt styleDescription subjectDescription".split(), Walk.data),
            "storageUri": lambda walk, path, value: walk.storage(path, value),
        }
    )

    def instances(self, path: Path, instances: Any) -> None:
        for index, (here, instance) in enumerate(items(path, instances)):
            self.message = index
            self.fields(here, instance, _INSTANCE)
        self.message = -1

    def storage(self, path: Path, value: Any) -> None:
        """A place to which Google writes the images."""
        self.recipients.append(("storage_uri", spell(path)))
        self.data(path, value)


_HELD = several(
    {
        **_ImageWalk.settings_table,
        **dict.fromkeys(("image", "referenceImage"), GoogleWalk.media),
        **dict.fromkeys(
            "maskImageConfig controlImageConfig styleImageConfig subjectImageConfig".split(), Walk.settings
        ),
    }
)
_INSTANCE: Table = both(
    {
        "prompt": Walk.prose,
        **dict.fromkeys(("image", "video"), GoogleWalk.media),
        **dict.fromkeys("mask scribble personImage productImages referenceImages".split(), _HELD),
    }
)
_TOP: Table = both(
    {
        "instances": _ImageWalk.instances,
        "parameters": Walk.settings,
        "labels": Walk.data,
    }
)
