// needs: base
#include "kiln/core/options.h"

#include <gtest/gtest.h>

namespace kiln {
namespace {

enum class Shade { light, dark };
std::vector<std::pair<Shade, std::string_view>> enum_names(Shade) {
  return {{Shade::light, "light"}, {Shade::dark, "dark"}};
}

struct LampOptions {
  std::int64_t watts = 40;
  double height = 1.5;
  bool lit = false;
  Shade shade = Shade::light;
  std::optional<double> dimmer = std::nullopt;
  std::string room = "hall";

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor&& visit) {
    visit("watts", self.watts, Field{.help = "power", .low = 1, .high = 100});
    visit("height", self.height, Field{.help = "metres", .low = 0});
    visit("lit", self.lit, Field{.help = "on or off"});
    visit("shade", self.shade, Field{.help = "its colour"});
    visit("dimmer", self.dimmer, Field{.help = "share of the power", .low = 0, .high = 1});
    visit("room", self.room, Field{.help = "where it stands"});
  }
};

template <class E>
std::string message_of(const OptionMap& values) {
  LampOptions lamp;
  try {
    assign("lamp", lamp, values);
  } catch (const E& error) {
    EXPECT_EQ(to_map(lamp), to_map(LampOptions{})) << "a refused assignment must change nothing";
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Options, ReadBackWhatTheyWrite) {
  const LampOptions lamp{
      .watts = 7, .height = 0.1, .lit = true, .shade = Shade::dark, .dimmer = 0.3, .room = "attic"};
  LampOptions copy;
  assign("lamp", copy, to_map(lamp));
  EXPECT_EQ(to_map(copy), to_map(lamp));
  EXPECT_EQ(copy.height, 0.1);
  EXPECT_EQ(copy.dimmer, 0.3);
}

TEST(Options, DescribeNamesTypesAndDefaults) {
  const auto list = describe<LampOptions>();
  ASSERT_EQ(list.size(), 6u);
  EXPECT_EQ(list[0].type, "integer");
  EXPECT_EQ(list[0].default_value, "40");
  EXPECT_EQ(list[3].type, "choice");
  EXPECT_EQ(list[3].choices, (std::vector<std::string>{"light", "dark"}));
  EXPECT_EQ(list[4].type, "real");
  EXPECT_EQ(list[4].default_value, "auto");
}

TEST(Options, RefuseAnUnknownNameAndOfferTheNearest) {
  EXPECT_EQ(message_of<ConfigError>({{"wats", "5"}}),
            "[lamp] no option 'wats'; did you mean 'watts'? Options: watts, height, lit, shade, "
            "dimmer, room");
}

TEST(Options, RefuseWhatIsNotANumberOrOutOfRange) {
  EXPECT_EQ(message_of<ConfigError>({{"watts", "4x"}}),
            "[lamp.watts] needs a whole number, got '4x'");
  EXPECT_EQ(message_of<ConfigError>({{"watts", "99999999999999999999"}}),
            "[lamp.watts] needs a whole number, got '99999999999999999999'");
  EXPECT_EQ(message_of<ConfigError>({{"watts", "0"}}),
            "[lamp.watts] must be between 1 and 100, got 0");
  EXPECT_EQ(message_of<ConfigError>({{"height", "-1"}}),
            "[lamp.height] must be at least 0, got -1");
  EXPECT_EQ(message_of<ConfigError>({{"height", "nan"}}),
            "[lamp.height] needs a number, got 'nan'");
  EXPECT_EQ(message_of<ConfigError>({{"dimmer", "2"}}),
            "[lamp.dimmer] must be between 0 and 1, got 2");
}

TEST(Options, RefuseAnUnknownChoice) {
  EXPECT_EQ(message_of<ConfigError>({{"shade", "lihgt"}}),
            "[lamp.shade] has no choice 'lihgt'; did you mean 'light'? Choices: light, dark");
}

}  // namespace
}  // namespace kiln
