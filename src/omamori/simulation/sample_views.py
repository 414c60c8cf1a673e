"""The sample home as its pages show it: plain views, made from what the home knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omamori.documents.certificate import CertificateError, read_device_certificate
from omamori.documents.reason import Reason
from omamori.documents.statement import TIERS, StatementError, read_statement
from omamori.hub.links import ACTIVE, ASKED, ENDED, LIMITED, SUSPENDED
from omamori.simulation.cast import (
    BY_ID,
    BY_PRODUCT,
    CAST,
    FAULTS,
    FIRST_LINKS,
    HUB,
    INDUSTRIES,
    SAVER,
    SPARE_PRODUCT,
)
from omamori.trust.standing import GROUND_CERTIFICATE, GROUND_HUB, judge
from omamori.trust.verdict import PURPOSES
from omamori.web import views

if TYPE_CHECKING:
    from omamori.authority.records import Product
    from omamori.documents.level import Level
    from omamori.hub.links import Link
    from omamori.simulation.offices import Running
    from omamori.simulation.player import Player
    from omamori.simulation.sample_home import SampleHome
    from omamori.simulation.telling import Meeting
    from omamori.trust.meeting import Outcome
    from omamori.trust.standing import Standing

ANSWER_OF_STATE = {
    ACTIVE: "allow",
    LIMITED: "limit",
    ASKED: "ask",
    SUSPENDED: "refuse",
    ENDED: "refuse",
}
STATE_OF_LINK = {
    ACTIVE: views.AS_USUAL,
    LIMITED: views.TAKE_CARE,
    ASKED: views.TAKE_CARE,
    SUSPENDED: views.ATTENTION,
    ENDED: views.ATTENTION,
}
PREFIX = "sample-"
"""How a page's address tells a sample thing from one of the real network."""


def name_of(role_id: str, lang: str) -> str:
    """What a family calls the thing."""
    role = BY_ID.get(role_id)
    if role is None:
        return "練習用の機器" if lang == "ja" else "Practice unit"
    return role.ja if lang == "ja" else role.en


def level_view(level: Level | None) -> views.LevelView | None:
    """A level for showing."""
    return views.LevelView(level.industry, level.rung) if level else None


class SampleViews:
    """Reads a sample home; changes nothing."""

    def __init__(self, home: SampleHome) -> None:
        self.home = home

    def sample(self, lang: str) -> views.SampleView:
        """The whole sample home."""
        return views.SampleView(
            at=self.home.clock(),
            things=tuple(
                self.card(role.id, lang)
                for role in (*CAST, HUB, SAVER)
                if role.id in self.home.players
            ),
            links=tuple(self.link(link, lang) for link in self.home.links.all()),
            authorities=tuple(
                self._authority(one.name, one.ja if lang == "ja" else one.en, running, lang)
                for one in INDUSTRIES
                if (running := self.home.offices.running.get(one.name)) is not None
            ),
            purposes=tuple(PURPOSES),
            faults=FAULTS,
            meetings=tuple(reversed(self.home.meetings)),
        )

    def todos(self, lang: str) -> list[views.TodoView]:
        """Links of everyday life that narrowed, each with why and where to look."""
        return [
            views.TodoView(
                state=STATE_OF_LINK[link.state],
                what=Reason(
                    "todo.link-limited" if link.state == LIMITED else "todo.link-suspended",
                    {
                        "one": name_of(link.a, lang),
                        "other": name_of(link.b, lang),
                        "purpose": link.purpose,
                    },
                ),
                path=f"/things/{PREFIX}{self._weaker(link)}",
                why=(*_lowering(link)[:1], Reason("todo.update")),
                name=name_of(self._weaker(link), lang)
                + ("（見本の家）" if lang == "ja" else " (sample home)"),
            )
            for link in self.home.links.all()
            if link.state in (LIMITED, SUSPENDED, ENDED)
            and (link.a, link.b, link.purpose) in FIRST_LINKS
        ]

    def _weaker(self, link: Link) -> str:
        """The end whose own level made the link narrow."""
        return link.b if link.a_of_b.reasons else link.a

    def _standing(self, player: Player) -> Standing:
        """What its own industry would conclude of it now."""
        book = self.home.books[player.industry]
        return judge(player.credentials(), None, book, self.home.clock(), self.home.caps)

    def card(self, thing: str, lang: str) -> views.ThingCard:
        """One thing in a list."""
        player = self.home.players[thing]
        role, standing = player.role, self._standing(player)
        links = [link for link in self.home.links.all() if thing in (link.a, link.b)]
        worst = max((STATE_OF_LINK[link.state] for link in links), default=views.AS_USUAL)
        if standing.effective is None or (
            standing.reasons and standing.ground == GROUND_CERTIFICATE
        ):
            worst = max(worst, views.ATTENTION)
        return views.ThingCard(
            id=f"{PREFIX}{thing}",
            name=name_of(thing, lang),
            kind=role.kind,
            state=worst,
            sure="itself" if role.industry else "said",
            why=(Reason("sample.told-by-itself"),),
            ground=standing.ground,
            level=level_view(standing.effective),
            seen_at=self.home.clock(),
            industry=role.industry,
        )

    def thing(self, thing: str, lang: str) -> views.ThingView | None:
        """All of one thing."""
        player = self.home.players.get(thing)
        if player is None:
            return None
        standing = self._standing(player)
        now = self.home.clock()
        readings = tuple(
            views.ClueView(Reason(f"reading.{name}", {"value": value}), "sample", 1.0, now)
            for name, value in self.home.world.reading(thing).items()
        )
        return views.ThingView(
            card=self.card(thing, lang),
            clues=(views.ClueView(Reason("sample.told-by-itself"), "sample", 1.0, now), *readings),
            addresses=(),
            names=(player.role.ja, player.role.en),
            ground_reasons=(*standing.steps, *standing.reasons),
            links=tuple(
                self.link(link, lang) for link in self.home.links.all() if thing in (link.a, link.b)
            ),
            maker="",
            sample=True,
        )

    def label(self, thing: str, lang: str) -> views.LabelView | None:
        """The common label of one thing."""
        if thing not in self.home.players:
            return None
        card = self.card(thing, lang)
        links = [link for link in self.home.links.all() if thing in (link.a, link.b)]
        industry = next((one for one in INDUSTRIES if one.name == card.industry), None)
        own = (industry.ja if lang == "ja" else industry.en) if industry else name_of(HUB.id, lang)
        return views.LabelView(
            thing_id=card.id,
            name=card.name,
            kind=card.kind,
            state=card.state,
            level=card.level,
            ground=card.ground,
            partners=sum(link.state in (ACTIVE, LIMITED) for link in links),
            support_until=None,
            issuer=own,
            checked_at=self.home.clock(),
            url=f"/label/{card.id}",
        )

    def link(self, link: Link, lang: str) -> views.LinkView:
        """One link."""
        change = self.home.changes.get(link.id)
        before = ANSWER_OF_STATE.get(change.before, "") if change else ""
        return views.LinkView(
            id=link.id,
            one_id=f"{PREFIX}{link.a}",
            one=name_of(link.a, lang),
            other_id=f"{PREFIX}{link.b}",
            other=name_of(link.b, lang),
            purpose=link.purpose,
            answer=ANSWER_OF_STATE[link.state],
            level=level_view(link.level),
            until=link.until if link.state in (ACTIVE, LIMITED) else None,
            reasons=() if link.state == ACTIVE else _distinct(narrowing(link.reasons)),
            meeting_id=self._meeting_of(link),
            before=before,
            changed_at=change.at if change else None,
        )

    def _meeting_of(self, link: Link) -> str:
        for meeting in reversed(self.home.meetings.values()):
            ends = (meeting.caller.role.id, meeting.answerer.role.id)
            if ends == (link.a, link.b) and (meeting.purpose, meeting.fault) == (
                link.purpose,
                "nothing",
            ):
                return meeting.id
        return ""

    def _authority(
        self, industry: str, name: str, running: Running, lang: str
    ) -> views.AuthorityView:
        service = running.service
        return views.AuthorityView(
            industry=industry,
            name=name,
            address=running.url,
            products=tuple(
                views.ProductView(
                    product.name,
                    _title(product, lang),
                    product.assessed,
                    product.rung,
                    (Reason(f"lowered.{product.why}"),) if product.why else (),
                )
                for product in service.products()
                if product.name != SPARE_PRODUCT
            ),
            recognises={
                foreign.ladder.industry: tuple(sorted(foreign.mapping.items()))
                for foreign in service.foreigners()
            },
        )

    def meeting(self, meeting_id: str, lang: str) -> views.MeetingView | None:
        """One meeting, running or ended."""
        meeting = self.home.meetings.get(meeting_id)
        if meeting is None:
            return None
        caller, answerer = meeting.by_caller, meeting.by_answerer
        ended = meeting.took_s is not None or meeting.trouble is not None
        answer = caller.answer if caller else "refuse" if ended else "waiting"
        return views.MeetingView(
            id=meeting.id,
            at=meeting.at,
            purpose=meeting.purpose,
            fault=meeting.fault,
            answer=answer,
            level=level_view(caller.level) if caller else None,
            until=caller.until if caller and answer in ("allow", "limit") else None,
            took_s=meeting.took_s,
            sides=(
                self._side(meeting.caller, caller, lang),
                self._side(meeting.answerer, answerer, lang),
            ),
            reasons=_deciding(meeting),
            trouble=meeting.trouble,
        )

    def _side(self, player: Player, outcome: Outcome | None, lang: str) -> views.SideView:
        return views.SideView(
            id=f"{PREFIX}{player.role.id}" if player.role.id in BY_ID else "",
            name=name_of(player.role.id, lang),
            kind=player.role.kind,
            industry=player.industry,
            certificates=self._certificates(player),
            statement=_statement_pairs(player.vouch or player.statement),
            standing=_standing_view(outcome) if outcome else None,
        )

    def _certificates(self, player: Player) -> tuple[views.CertificateView, ...]:
        try:
            leaf = read_device_certificate(player.certificate)
        except CertificateError:
            return ()
        running = self.home.offices.running.get(leaf.industry)
        level = running.service.identity.ladder.read(leaf.policy) if running else None
        return (
            views.CertificateView(
                subject=leaf.serial_name,
                issuer=leaf.industry,
                industry=leaf.industry,
                level=level_view(level),
                not_before=leaf.not_before,
                not_after=leaf.not_after,
                details=(
                    ("URI", leaf.uri),
                    ("Policy", leaf.policy),
                    ("Serial", f"{leaf.serial:x}"),
                    ("SHA-256", leaf.thumbprint.hex()),
                    ("CRL", leaf.crl_url),
                ),
            ),
        )


def _title(product: Product, lang: str) -> str:
    """What people call the product; the cast's are known in both languages."""
    role = BY_PRODUCT.get(product.name)
    return name_of(role.id, lang) if role else product.title or product.name


def narrowing(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Without the side that had nothing against it: it does not explain a refusal."""
    return tuple(reason for reason in reasons if reason.key != "verdict.level-suffices")


def _distinct(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Each sentence once; both sides often have the same reason."""
    return tuple({str(reason): reason for reason in reasons}.values())


def _lowering(link: Link) -> tuple[Reason, ...]:
    return _distinct((*link.a_of_b.reasons, *link.b_of_a.reasons))


def _deciding(meeting: Meeting) -> tuple[Reason, ...]:
    reasons = [
        reason
        for outcome in (meeting.by_caller, meeting.by_answerer)
        if outcome is not None
        for reason in outcome.verdict.reasons
        if outcome.answer == "allow" or reason.key != "verdict.level-suffices"
    ]
    return _distinct(tuple(reasons))


def _standing_view(outcome: Outcome) -> views.StandingView:
    standing = outcome.standing
    return views.StandingView(
        ground=standing.ground,
        certified=level_view(standing.certified),
        current=level_view(standing.current),
        effective=level_view(standing.effective),
        steps=standing.steps,
        reasons=standing.reasons,
        valid_until=standing.valid_until if standing.effective else None,
        answer=outcome.verdict.answer,
    )


def _statement_pairs(octets: bytes) -> tuple[tuple[str, str], ...]:
    if not octets:
        return ()
    try:
        word = read_statement(octets).statement
    except StatementError:
        return ()
    return (
        ("Profile", word.profile),
        ("Issuer", word.issuer),
        ("Level", word.level),
        ("Status", TIERS[word.tier]),
        ("Product", f"{word.product} {word.software}".strip()),
        ("Seq", str(word.seq)),
        ("Reasons", ", ".join(word.reasons)),
    )


__all__ = ["GROUND_HUB", "PREFIX", "SampleViews", "level_view", "name_of"]
