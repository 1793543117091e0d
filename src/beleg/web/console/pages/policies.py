"""The policies in force: their versions and their rules, as the files say."""

from starlette.responses import Response

from beleg.web.console.context import Context


async def show(context: Context) -> Response:
    """The page."""
    texts = [(path.stem, path.read_text(encoding="utf-8")) for path in context.site.settings.policies if path.is_file()]
    decided = [one for mine in context.desk.decisions.values() for one in mine]
    versions: dict[tuple[str, str], dict[str, int]] = {}
    for one in decided:
        counts = versions.setdefault((one.policy, one.policy_version), {})
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return context.render("policies.html.j2", texts=texts, versions=sorted(versions.items()))
