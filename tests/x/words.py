"""The two sets of names in X's published documents: "tweet" until 2026, "post" since."""

from dataclasses import dataclass
from typing import Literal

Vocabulary = Literal["tweet", "post"]

_BOTH = (
    "article attachments card_uri community_id context_annotations conversation_id created_at "
    "display_text_range edit_controls entities geo id lang matched_media_notes media_metadata "
    "non_public_metrics note_request_suggestions organic_metrics paid_partnership "
    "possibly_sensitive promoted_metrics public_metrics reply_settings scopes source "
    "suggested_source_links suggested_source_links_with_counts text withheld"
)
_USER = (
    "confirmed_email connection_status created_at description entities id is_identity_verified "
    "location name parody profile_banner_url profile_image_url protected public_metrics "
    "receives_your_dm subscription subscription_type url username verified "
    "verified_followers_count verified_type withheld"
)
_EXPANSIONS = (
    "article.cover_media article.media_entities attachments.media_keys "
    "attachments.media_source_tweet attachments.poll_ids author_id entities.mentions.username "
    "geo.place_id in_reply_to_user_id"
)
_MEDIA = (
    "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url "
    "promoted_metrics public_metrics type url variants width"
)
_POLL = "duration_minutes end_datetime id options voting_status"
_PLACE = "contained_within country country_code full_name geo id name place_type"
MEDIA_FIELDS, POLL_FIELDS, PLACE_FIELDS = (
    frozenset(names.split()) for names in (_MEDIA, _POLL, _PLACE)
)


@dataclass(frozen=True)
class Words:
    """What one vocabulary calls things.

    Attributes:
        fields: the query parameter that chooses a post's fields.
        post_fields: its values.
        post_expansions: values of `expansions` where posts are asked for.
        user_fields: values of `user.fields`.
        user_expansions: values of `expansions` where users are asked for.
        included: key of posts in `includes`.
        referenced: key of the posts that a post refers to.
        expand_referenced: the expansion that includes them.
        history: key of a post's versions.
        reposts: key of their number in the metrics.
        upload_parts: the parts of an upload besides `media`.
    """

    fields: str
    post_fields: frozenset[str]
    post_expansions: frozenset[str]
    user_fields: frozenset[str]
    user_expansions: frozenset[str]
    included: str
    referenced: str
    expand_referenced: str
    history: str
    reposts: str
    upload_parts: frozenset[str]


WORDS: dict[Vocabulary, Words] = {
    "tweet": Words(
        fields="tweet.fields",
        post_fields=frozenset(
            f"{_BOTH} author_id edit_history_tweet_ids in_reply_to_user_id note_tweet "
            "referenced_tweets".split()
        ),
        post_expansions=frozenset(
            f"{_EXPANSIONS} edit_history_tweet_ids entities.note.mentions.username "
            "referenced_tweets.id referenced_tweets.id.attachments.media_keys "
            "referenced_tweets.id.author_id".split()
        ),
        user_fields=frozenset(f"{_USER} affiliation most_recent_tweet_id pinned_tweet_id".split()),
        user_expansions=frozenset(
            {"affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id"}
        ),
        included="tweets",
        referenced="referenced_tweets",
        expand_referenced="referenced_tweets.id",
        history="edit_history_tweet_ids",
        reposts="retweet_count",
        upload_parts=frozenset({"media_category", "media_type", "shared", "additional_owners"}),
    ),
    "post": Words(
        fields="post.fields",
        post_fields=frozenset(f"{_BOTH} article_title note_post".split()),
        post_expansions=frozenset(
            f"{_EXPANSIONS} edit_history_post_ids referenced_posts username".split()
        ),
        user_fields=frozenset(f"{_USER} subscriber_count subscribes_to_you".split()),
        user_expansions=frozenset({"affiliation", "most_recent_post_id", "pinned_post_id"}),
        included="posts",
        referenced="referenced_posts",
        expand_referenced="referenced_posts",
        history="edit_history_post_ids",
        reposts="repost_count",
        upload_parts=frozenset({"media_category", "additional_owners"}),
    ),
}
