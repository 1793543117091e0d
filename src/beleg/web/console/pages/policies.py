"""The policies in force: their versions and their rules, as the files say."""

from starlette.responses import Response

from beleg.web.console.context import Context


async def show(context: Context) -> Response:
    """The page."""
    folder = context.site.settings.policies
    found = sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else []
    texts = [(path.stem, path.read_text(encoding="utf-8")) for path in found]
    decided = [one for mine in context.desk.decisions.values() for one in mine]
    versions: dict[tuple[str, str], dict[str, int]] = {}
    for one in decided:
        counts = versions.setdefault((one.policy, one.policy_version), {})
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return context.render("policies.html.j2", texts=texts, versions=sorted(versions.items()))
