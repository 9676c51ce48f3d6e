package io.daybook.peer;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;

/** The customer file and its history. */
final class Account {
  record Profile(long at, long day, String region, long termsDays) {}

  /** An invoice that is due by the terms of the file, while a file of its day may still come. */
  record Recent(String invoiceId, long issueDay) {}

  static final int RECENT_DAYS = 7;

  List<Profile> profiles = new ArrayList<>();
  List<Recent> recent = new ArrayList<>();

  /** The file in force on a day. */
  Profile on(long day) {
    Profile found = null;
    for (final Profile profile : profiles) {
      if (profile.day <= day && (found == null || profile.at >= found.at)) found = profile;
    }
    return found;
  }

  String region(long day) {
    final Profile profile = on(day);
    return profile == null ? "" : profile.region;
  }

  static final Serde<Account> SERDE = Coding.serde((account, to) -> {
    to.list(account.profiles, (profile, each) -> {
      each.number(profile.at);
      each.number(profile.day);
      each.text(profile.region);
      each.number(profile.termsDays);
    });
    to.list(account.recent, (recent, each) -> {
      each.text(recent.invoiceId);
      each.number(recent.issueDay);
    });
  }, from -> {
    final Account account = new Account();
    account.profiles = from.list(each -> new Profile(each.number(), each.number(), each.text(), each.number()));
    account.recent = from.list(each -> new Recent(each.text(), each.number()));
    return account;
  });
}
