#include "mqtt/event_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jidian::mqtt {
namespace {

uplink::Incoming incoming(const std::string& topic, std::size_t number) {
  const std::string text = std::to_string(number);
  uplink::Incoming message;
  message.topic = topic;
  message.payload.assign(text.begin(), text.end());
  return message;
}

std::vector<uplink::Incoming> messages_of(const std::string& topic, EventQueue& queue) {
  std::vector<uplink::Incoming> found;
  for (const auto& signal : queue.wait({}, SteadyTime{}))
    if (const auto* message = std::get_if<uplink::Incoming>(&signal); message != nullptr && message->topic == topic)
      found.push_back(*message);
  return found;
}

TEST(EventQueue, TheNewestListOfOrdersIsThereHoweverManyCameBefore) {
  EventQueue queue;
  for (std::size_t i = 0; i < EventQueue::topic_max + 10; ++i) queue.push(incoming("directives", i));
  queue.push(uplink::PublishDone{1, 0});
  const auto lists = messages_of("directives", queue);
  ASSERT_EQ(lists.size(), EventQueue::topic_max);
  for (std::size_t i = 0; i + 1 < lists.size(); ++i) EXPECT_EQ(lists[i].payload, incoming("", i).payload);
  EXPECT_EQ(lists.back().payload, incoming("", EventQueue::topic_max + 9).payload);
  EXPECT_EQ(lists.back().passed_over, 10U) << "it says how many nobody looked at";
  EXPECT_EQ(lists.front().passed_over, 0U);
  EXPECT_EQ(queue.dropped(), 10U);
}

TEST(EventQueue, AClearedTopicTakesTheNewestListsPlaceNever) {
  EventQueue queue;
  for (std::size_t i = 0; i <= EventQueue::topic_max; ++i) queue.push(incoming("directives", i));
  uplink::Incoming cleared;
  cleared.topic = "directives";
  queue.push(cleared);
  const auto lists = messages_of("directives", queue);
  ASSERT_EQ(lists.size(), EventQueue::topic_max);
  EXPECT_EQ(lists.back().payload, incoming("", EventQueue::topic_max).payload);
  EXPECT_EQ(lists.back().passed_over, 1U) << "nothing at all is no list";
}

TEST(EventQueue, AListTakesTheClearedTopicsPlace) {
  EventQueue queue;
  for (std::size_t i = 0; i + 1 < EventQueue::topic_max; ++i) queue.push(incoming("directives", i));
  uplink::Incoming cleared;
  cleared.topic = "directives";
  for (int times = 0; times < 2; ++times) queue.push(cleared);
  queue.push(incoming("directives", 99));
  const auto lists = messages_of("directives", queue);
  ASSERT_EQ(lists.size(), EventQueue::topic_max);
  EXPECT_EQ(lists.back().payload, incoming("", 99).payload);
  EXPECT_EQ(lists.back().passed_over, 0U);
}

TEST(EventQueue, ReceiptsTakeNoRoomFromOrders) {
  EventQueue queue;
  for (std::size_t i = 0; i < 10 * EventQueue::incoming_max; ++i) queue.push(incoming("receipt", i));
  queue.push(incoming("directives", 7));
  EXPECT_EQ(messages_of("directives", queue).size(), 1U);
}

TEST(EventQueue, WhatWasTakenMakesRoom) {
  EventQueue queue;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < EventQueue::topic_max; ++i) queue.push(incoming("directives", i));
    EXPECT_EQ(messages_of("directives", queue).back().passed_over, 0U);
  }
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(EventQueue, TopicsWithoutEndAreBounded) {
  EventQueue queue;
  for (std::size_t i = 0; i < EventQueue::incoming_max + 5; ++i) queue.push(incoming("t-" + std::to_string(i), i));
  EXPECT_EQ(queue.wait({}, SteadyTime{}).size(), EventQueue::incoming_max);
  EXPECT_EQ(queue.dropped(), 5U);
}

}  // namespace
}  // namespace jidian::mqtt
